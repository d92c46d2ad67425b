// Compares heed with RTNeural's layers of static size, step by step. For each size, the faster backend is used.

#include "rtneural_cell.hpp"
#include "small_cells.hpp"

namespace {

using compare::Index;

/// The cell of the faster backend.
std::unique_ptr<compare::RtneuralCell> fastest(const compare::CellWeights& weights, const float* x, Index steps) {
  compare::Matrix outputs(weights.hidden, steps);
  std::unique_ptr<compare::RtneuralCell> best;
  double least = std::numeric_limits<double>::infinity();
  const auto consider = [&](std::unique_ptr<compare::RtneuralCell> cell) {
    const auto run = [&] { cell->run(x, steps, outputs.data()); };
    const double seconds = compare::seconds_a_call(run);
    if (seconds > least) return;
    least = seconds;
    best = std::move(cell);
  };
  consider(compare::make_rtneural_eigen(weights));
#ifdef HEED_COMPARE_XSIMD
  consider(compare::make_rtneural_xsimd(weights));
#endif
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  return compare::run(argc, argv, {{"rtneural", HEED_COMPARE_RTNEURAL}}, [](compare::Comparison& comparison) {
    compare::for_each_small_cell(comparison, [&]<class C>(compare::SmallCell<C>& small) {
      const C& c = small.cell;
      const compare::CellWeights weights{compare::is_lstm<C>,
                                         static_cast<int>(c.input_size()),
                                         static_cast<int>(c.hidden_size()),
                                         c.W.values().data(),
                                         c.U.values().data(),
                                         c.b_W.data(),
                                         c.b_U.data()};
      const auto cell = fastest(weights, small.x.data(), small.steps);
      compare::Matrix outputs(c.hidden_size(), small.steps);
      const auto run = [&] { cell->run(small.x.data(), small.steps, outputs.data()); };
      comparison.add(small.contest("rtneural", run, outputs.data()));
    });
  });
}
