// A scoring function of your own: one struct in your own file, checked, then trained to reverse numbers.

#include <cstdio>
#include <heed/heed.hpp>

using In = heed::In<double>;
using Out = heed::Out<double>;
using heed::Index, heed::Token, Eigen::MatrixXd;

/// The nearer, the better:  score_j = -|W q - h_j|^2 / 2, without |W q|^2 / 2, which does not change a softmax
struct DistanceScorer {
  using Scalar = double;
  MatrixXd W;  ///< memory x query
  Index query_size() const { return W.cols(); }
  Index memory_size() const { return W.rows(); }
  void score(const In& q, const In& h, Out scores) const {
    scores = (h.transpose() * (W * q)).colwise() - h.colwise().squaredNorm().transpose() / 2;
  }
  void score_backward(const In& q, const In& h, const In& d_scores, DistanceScorer& grad, Out d_q, Out d_h) const {
    grad.W += h * d_scores * q.transpose();
    d_q += W.transpose() * (h * d_scores);
    d_h += W * q * d_scores.transpose() - h * d_scores.rowwise().sum().asDiagonal();
  }
  static void visit_parameters(auto&& visit, auto&&... self) { visit("W", self.W...); }
};

using Cell = heed::GruCell<double>;
using Bahdanau = heed::BahdanauDecoder<Cell, DistanceScorer>;
using Luong = heed::LuongDecoder<Cell, DistanceScorer>;

template <class Decoder>
auto make_model(Index hidden, heed::Random& random) {
  const MatrixXd W = MatrixXd::Random(2 * hidden, hidden) / 4;
  const Decoder decoder({.word_size = hidden, .memory_size = 2 * hidden, .hidden_size = hidden, .feature_size = hidden},
                        {{W}, {}});
  heed::Seq2Seq model({.source_vocabulary = 13, .target_vocabulary = 13},
                      heed::Encoder<Cell>({.input_size = hidden, .hidden_size = hidden, .bidirectional = true}),
                      decoder);
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

/// The largest error among the derivatives of a model's loss by all its parameters.
double gradient_error(auto model, heed::Random& random) {
  const Numbers few(4, random);
  heed::Seq2SeqTape<double> tape;
  auto grad = heed::zeros_like(model);
  model.loss_and_gradient(few.sources, few.targets, tape, grad);
  const auto check = heed::check_gradients(model, grad, [&] { return model.loss(few.sources, few.targets, tape); });
  std::printf("%td derivatives: error %.0e\n", check.checked, check.error);
  return check.error;
}

int main() {
  heed::Random random(1);
  const double of_bahdanau = gradient_error(make_model<Bahdanau>(3, random), random);
  const double of_luong = gradient_error(make_model<Luong>(3, random), random);

  auto model = make_model<Bahdanau>(32, random);
  heed::Trainer trainer(model, heed::Adam(model), {});
  for (std::uint64_t i = 0; i < 500; ++i) {
    const Numbers batch(32, random);
    trainer.optimizer.rate = 5e-3 * (1 - static_cast<double>(i) / 500);
    trainer.update(batch.sources, batch.targets, i);
  }
  const Numbers fresh(500, random);
  heed::SearchWorkspace<double> work;
  std::vector<heed::Hypothesis<double>> found;
  heed::search(model, fresh.sources, {}, work, found);
  int right = 0;
  for (std::size_t b = 0; b < 500; ++b) right += found[b].tokens == fresh.backwards[b];
  std::printf("%d of 500 numbers reversed\n", right);
  return std::max(of_bahdanau, of_luong) < 1e-6 && right >= 475 ? 0 : 1;
}
