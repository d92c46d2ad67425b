// The equations as Eigen expressions (include/heed/expressions), compared with the kernels. Both do the same work from
// the same inputs: keys and projections are computed in every iteration. `elements` counts the values of the memory, or
// of the hidden state.
//   expression/additive/S:50/H:256/queries:1/WAY    scores of one sentence
//   expression/softmax/S:50/H:256/queries:1/WAY     weights from scores, and the context
//   expression/gru/H:256/batch:1/WAY                one step, including W x
//
// WAY is `heed`, the kernels, or `expression`.

#include "support.hpp"

#include <string>

namespace {

using bench::Index;
using bench::Matrix;

constexpr Index size = 256;

struct Additive {
  heed::AdditiveScorer<float> scorer{size, size, size};
  Matrix memory, queries, keys, projected, result;
  heed::Buffer<float> scratch;

  Additive(Index columns, Index n) {
    heed::Random random(1);
    bench::randomize_parameters(scorer, size, random);
    memory = bench::random_matrix(size, columns, random);
    queries = bench::random_matrix(size, n, random);
    keys.resize(scorer.key_size(), columns);
    projected.resize(scorer.projected_size(), n);
    result.resize(columns, n);
  }

  double elements() const { return static_cast<double>(memory.size()); }
  void heed() {
    scorer.keys(memory, keys);
    scorer.project(queries, projected);
    scorer.score(projected, keys, result, scratch);
  }
  void expression() {
    result = heed::expr::additive_scores(queries, memory, scorer.W.values(), scorer.U.values(), scorer.v);
  }
};

struct SoftmaxAndContext {
  Matrix memory, scores, weights, result;

  SoftmaxAndContext(Index columns, Index n) {
    heed::Random random(2);
    memory = bench::random_matrix(size, columns, random);
    scores = 3 * bench::random_matrix(columns, n, random);
    weights = scores;
    result.resize(size, n);
  }

  double elements() const { return static_cast<double>(memory.size()); }
  void heed() {
    weights = scores;
    heed::softmax(weights);
    heed::detail::average<float>(memory, weights, result);
  }
  void expression() { result.noalias() = heed::expr::context(memory, heed::expr::softmax(scores)); }
};

struct Gru {
  heed::GruCell<float> cell{size, size};
  Matrix x, before, saved, result;

  explicit Gru(Index batch) {
    heed::Random random(3);
    bench::randomize_parameters(cell, size, random);
    x = bench::random_matrix(size, batch, random);
    before = bench::random_matrix(size, batch, random);
    saved.resize(cell.saved_size(), batch);
    result.resize(size, batch);
  }

  double elements() const { return static_cast<double>(before.size()); }
  void heed() {
    cell.project(x, saved);
    cell.step(saved, before, result);
  }
  void expression() { result = heed::expr::gru_step(x, before, cell.W.values(), cell.U.values(), cell.b_W, cell.b_U); }
};

/// Adds one row for the kernels and one for the expression. Their results are compared before the measurement.
template <class Work, class... Sizes>
void add(const std::string& name, Sizes... sizes) {
  for (const bool kernels : {true, false}) {
    bench::add_row("expression/" + name + (kernels ? "/heed" : "/expression"), [=](benchmark::State& state) {
      Work work(sizes...);
      work.expression();
      const Matrix expected = work.result;
      work.heed();
      if (!bench::agree(work.result, expected)) {
        state.SkipWithError("the results differ");
        return;
      }
      bench::measure(state, work, [&] { kernels ? work.heed() : work.expression(); });
      bench::count(state, "elements", work.elements());
    });
  }
}

[[maybe_unused]] const bool added = [] {
  for (const Index columns : {50, 200}) {
    for (const Index n : {1, 32}) {
      const std::string sizes = "/S:" + std::to_string(columns) + "/H:256/queries:" + std::to_string(n);
      add<Additive>("additive" + sizes, columns, n);
      add<SoftmaxAndContext>("softmax" + sizes, columns, n);
    }
  }
  for (const Index batch : {1, 32}) add<Gru>("gru/H:256/batch:" + std::to_string(batch), batch);
  return true;
}();

}  // namespace
