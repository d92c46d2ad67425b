#pragma once

#include <memory>

/// A cell of RTNeural without RTNeural's headers: each of its backends is compiled apart.
namespace compare {

/// A cell's weights in PyTorch's convention and heed's layout: a column of W for each input, the gates from top to
/// bottom.
struct CellWeights {
  bool lstm;
  int input, hidden;
  const float *W, *U, *b_W, *b_U;
};

class RtneuralCell {
 public:
  virtual ~RtneuralCell() = default;

  /// From a zero state, `steps` inputs one after another: a column of each for every step.
  virtual void run(const float* inputs, long steps, float* outputs) = 0;
};

/// A cell of that backend, or null if it was not compiled for cells of this size.
std::unique_ptr<RtneuralCell> make_rtneural_eigen(const CellWeights& weights);
std::unique_ptr<RtneuralCell> make_rtneural_xsimd(const CellWeights& weights);

}  // namespace compare
