// A scoring function of your own: one struct in your own file, checked, then trained to reverse numbers.

#include <heed/heed.hpp>
#include <cstdio>

using In = heed::In<double>;
using Out = heed::Out<double>;
using heed::Index, heed::Token, Eigen::MatrixXd;

/// Scaled dot product, Vaswani et al. 2017, equation 1, d = 16:  score_j = p' k_j,  p = W q / sqrt(d),  k_j = U h_j
struct ScaledDotScorer {
  using Scalar = double;
  MatrixXd W, U;  ///< d x query, d x memory
  Index query_size() const { return W.cols(); }
  Index memory_size() const { return U.cols(); }
  Index projected_size() const { return W.rows(); }
  Index key_size() const { return U.rows(); }

  void project(const In& q, Out p) const { p.noalias() = W * q / 4; }
  void keys(const In& h, Out k) const { k.noalias() = U * h; }
  void score(const In& p, const In& k, Out scores, auto&) const { scores.noalias() = k.transpose() * p; }
  // Backward adds to the gradients of whatever forward read: `grad` holds those of W and U.
  void score_backward(const In& p, const In& k, const In& d_scores, ScaledDotScorer&, Out d_p, Out d_k, auto&) const {
    d_p += k * d_scores;
    d_k += p * d_scores.transpose();
  }
  void keys_backward(const In& h, const In& d_k, ScaledDotScorer& grad, Out d_h) const {
    grad.U += d_k * h.transpose();
    d_h += U.transpose() * d_k;
  }
  void project_backward(const In& d_p, Out d_q) const { d_q += W.transpose() * d_p / 4; }
  void accumulate(const In& q, const In& d_p, ScaledDotScorer& grad) const { grad.W += d_p * q.transpose() / 4; }
  static void visit_parameters(auto&& visit, auto&&... self) { visit("W", self.W...), visit("U", self.U...); }
};

auto make_model(Index hidden, heed::Random& random) {
  const auto cell = [](Index in, Index out) { return heed::GruCell<double>(in, out); };
  const heed::BahdanauDecoder<heed::GruCell<double>, ScaledDotScorer> decoder(
      cell, {{MatrixXd(16, hidden), MatrixXd(16, 2 * hidden)}, {}}, hidden, 2 * hidden, hidden, 1, hidden);
  heed::Seq2Seq model(13, heed::Encoder<heed::GruCell<double>>(cell, hidden, hidden, 1, true), 13, decoder);
  heed::initialize(model, random);
  return model;
}

struct Numbers {
  std::vector<std::vector<Token>> forwards, backwards;
  std::vector<std::span<const Token>> sources, targets;
  Numbers(std::size_t size, heed::Random& random) : forwards(size) {
    const auto digit = [&] { return 3 + static_cast<Token>(random.below(10)); };  // 0 to 2 are special words
    for (auto& number : forwards) std::generate_n(std::back_inserter(number), 3 + random.below(6), digit);
    for (auto& number : forwards) backwards.emplace_back(number.rbegin(), number.rend());
    sources.assign(forwards.begin(), forwards.end());
    targets.assign(backwards.begin(), backwards.end());
  }
};

int main() {
  heed::Random random(1);
  auto small = make_model(3, random), grad = heed::zeros_like(small);
  heed::Seq2SeqTape<double> tape;
  const Numbers few(4, random), fresh(500, random);
  small.loss_and_gradient(few.sources, few.targets, tape, grad);
  const auto check = heed::check_gradients(small, grad, [&] { return small.loss(few.sources, few.targets, tape); });

  auto model = make_model(32, random);
  heed::Trainer trainer(model, heed::Adam(model), {});
  for (std::uint64_t i = 0; i < 500; ++i) {
    const Numbers batch(32, random);
    trainer.optimizer.rate = 5e-3 * (1 - static_cast<double>(i) / 500);
    trainer.update(batch.sources, batch.targets, i);
  }
  heed::SearchWorkspace<double> work;
  std::vector<heed::Hypothesis<double>> found;
  heed::search(model, fresh.sources, {}, work, found);
  int right = 0;
  for (std::size_t b = 0; b < 500; ++b) right += found[b].tokens == fresh.backwards[b];
  std::printf("%td derivatives: error %.0e\n%d of 500 numbers reversed\n", check.checked, check.error, right);
  return check.error < 1e-6 && right >= 475 ? 0 : 1;
}
