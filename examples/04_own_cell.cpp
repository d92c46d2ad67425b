// A custom recurrent cell: one struct. The program checks its gradients and trains a model that repeats numbers. The
// encoder and the decoder use the cell.
//
// Output:
//   gradients match central differences: yes
//   at least 86 of 91 unseen numbers are repeated: yes

#include <heed/heed.hpp>

#include <cstdio>
#include <vector>

using heed::Index, Eigen::MatrixXd;
using In = heed::In<double>;
using Out = heed::Out<double>;
using Numbers = std::vector<std::vector<heed::Token>>;

/// A leaky cell: the new state keeps half of the old state (Jaeger et al. 2007, leaky integrator units).
///
///   n_t = tanh(W x_t + U h_{t-1})        h_t = (h_{t-1} + n_t) / 2
///
/// `saved` holds n_t, d_a is the gradient of the argument of tanh. `first` is the first row of the input that x holds.
struct LeakyCell {
  using Scalar = double;
  MatrixXd W, U;  ///< hidden x input, hidden x hidden
  LeakyCell(Index input, Index hidden) : W(MatrixXd::Zero(hidden, input)), U(MatrixXd::Zero(hidden, hidden)) {}
  Index input_size() const { return W.cols(); }
  Index hidden_size() const { return W.rows(); }
  Index state_size() const { return W.rows(); }
  Index saved_size() const { return W.rows(); }
  Index gradient_size() const { return W.rows(); }
  void project(const In& x, Out saved) const { saved = W.leftCols(x.rows()) * x; }
  void add_projection(const In& x, Index first, Out saved) const { saved += W.middleCols(first, x.rows()) * x; }
  void step(Out saved, const In& h, Out h_next) const {
    saved = (saved + U * h).array().tanh();
    h_next = (h + saved) / 2;
  }
  void step_backward(const In& saved, const In&, Out d_h, Out d_a) const {
    d_a = d_h.array() / 2 * (1 - saved.array().square());
    d_h = d_h / 2 + U.transpose() * d_a;
  }
  void project_backward(const In& d_a, Index first, Out d_x) const {
    d_x += W.middleCols(first, d_x.rows()).transpose() * d_a;
  }
  void accumulate(const In& x, Index first, const In& d_a, LeakyCell& grad) const {
    grad.W.middleCols(first, x.rows()) += d_a * x.transpose();
  }
  void accumulate_recurrent(const In& h, const In& d_a, LeakyCell& grad) const { grad.U += d_a * h.transpose(); }
  static constexpr auto role(std::string_view) { return heed::ParameterRole::weight; }  // selects the initialisation
  static void visit_parameters(auto&& visit, auto&&... self) { visit("W", self.W...), visit("U", self.U...); }
};

int main() {
  heed::Random random(1);
  const heed::Encoder<LeakyCell> encoder({.input_size = 16, .hidden_size = 16, .bidirectional = true});
  const heed::BahdanauDecoder<LeakyCell, heed::AdditiveScorer<double>> decoder(
      {.word_size = 16, .memory_size = 32, .hidden_size = 16, .feature_size = 16}, {{16, 32, 16}, {}});
  heed::Seq2Seq model({.source_vocabulary = 13, .target_vocabulary = 13}, encoder, decoder);
  heed::initialize(model, random);

  const Numbers few = {{3}, {4, 5}, {6, 7, 8}};  // 1 to 3 digits; digit d is token d + 3
  heed::Seq2SeqTape<double> tape;
  auto grad = heed::zeros_like(model);
  model.loss_and_gradient(few, few, tape, grad);
  const auto check = heed::check_gradients(model, grad, [&] { return model.loss(few, few, tape); });
  std::printf("gradients match central differences: %s\n", check.error < 1e-6 ? "yes" : "no");

  Numbers seen, unseen;  // numbers of 3 digits; the multiples of 11 are unseen
  for (int n = 0; n < 1000; ++n) (n % 11 == 0 ? unseen : seen).push_back({3 + n / 100, 3 + n / 10 % 10, 3 + n % 10});
  heed::fit(model, {seen, seen}, {}, {.epochs = 20, .learning_rate = 5e-3});
  const auto found = heed::search(model, unseen);
  int right = 0;
  for (std::size_t b = 0; b < found.size(); ++b) right += found[b].front().tokens == unseen[b];
  std::printf("at least 86 of 91 unseen numbers are repeated: %s\n", right >= 86 ? "yes" : "no");
  return check.error < 1e-6 && right >= 86 ? 0 : 1;
}
