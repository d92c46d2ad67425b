// A custom scoring function: one struct. The program checks its gradients and trains a model that reverses numbers.
//
// Output:
//   gradients match central differences: yes
//   at least 95 of 100 new numbers are reversed: yes

#include <heed/heed.hpp>

#include <algorithm>
#include <cstdio>
#include <vector>

using heed::Index, Eigen::MatrixXd;
using In = heed::In<double>;
using Out = heed::Out<double>;
using Cell = heed::GruCell<double>;
using Numbers = std::vector<std::vector<heed::Token>>;

/// Negative squared distance: score_j = -|W q - h_j|^2 / 2, computed without |W q|^2 / 2, which does not change the
/// softmax.
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

/// Random numbers of 3 to 6 digits. Digit d is token d + 3, because tokens 0 to 2 are reserved.
Numbers random_numbers(std::size_t count, heed::Random& random) {
  Numbers numbers(count);
  for (auto& number : numbers) {
    number.resize(3 + random.below(4));
    for (auto& token : number) token = 3 + static_cast<heed::Token>(random.below(10));
  }
  return numbers;
}

/// Reverses the digits of each number.
Numbers reversed(Numbers numbers) {
  for (auto& number : numbers) std::reverse(number.begin(), number.end());
  return numbers;
}

int main() {
  heed::Random random(1);
  constexpr Index word = 16, hidden = 16;
  const heed::Encoder<Cell> encoder({.input_size = word, .hidden_size = hidden, .bidirectional = true});
  const heed::BahdanauDecoder<Cell, DistanceScorer> decoder(
      {.word_size = word, .memory_size = 2 * hidden, .hidden_size = hidden, .feature_size = hidden},
      {{MatrixXd::Identity(2 * hidden, hidden)}, {}});
  heed::Seq2Seq model({.source_vocabulary = 13, .target_vocabulary = 13}, encoder, decoder);
  heed::initialize(model, random);

  const Numbers few = random_numbers(3, random);
  heed::Seq2SeqTape<double> tape;
  auto grad = heed::zeros_like(model);
  model.loss_and_gradient(few, few, tape, grad);
  const auto check = heed::check_gradients(model, grad, [&] { return model.loss(few, few, tape); });
  std::printf("gradients match central differences: %s\n", check.error < 1e-6 ? "yes" : "no");

  const Numbers numbers = random_numbers(4000, random), fresh = random_numbers(100, random);
  heed::fit(model, {numbers, reversed(numbers)}, {}, {.epochs = 6, .learning_rate = 5e-3});
  const Numbers expected = reversed(fresh);
  const auto found = heed::search(model, fresh);
  int right = 0;
  for (std::size_t b = 0; b < found.size(); ++b) right += found[b].front().tokens == expected[b];
  std::printf("at least 95 of 100 new numbers are reversed: %s\n", right >= 95 ? "yes" : "no");
  return check.error < 1e-6 && right >= 95 ? 0 : 1;
}
