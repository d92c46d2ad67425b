#pragma once

#include <memory>

/// The interface of a cell of RTNeural. It does not include RTNeural's headers: each backend is compiled separately.
namespace compare {

/// The weights of a cell in PyTorch's convention and heed's layout: W has a column for each input; the gates are
/// stacked.
struct CellWeights {
  bool lstm;
  int input, hidden;
  const float *W, *U, *b_W, *b_U;
};

class RtneuralCell {
 public:
  virtual ~RtneuralCell() = default;

  /// Runs `steps` steps from a zero state. Column t of `inputs` and of `outputs` is step t.
  virtual void run(const float* inputs, long steps, float* outputs) = 0;
};

/// A cell of the backend, or null if the backend was not compiled for this size.
std::unique_ptr<RtneuralCell> make_rtneural_eigen(const CellWeights& weights);
std::unique_ptr<RtneuralCell> make_rtneural_xsimd(const CellWeights& weights);

}  // namespace compare
