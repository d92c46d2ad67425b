// A custom decoder: one struct. The program checks its gradients and trains a model that repeats numbers.
//
// Output:
//   gradients match central differences: yes
//   at least 86 of 91 unseen numbers are repeated: yes

#include <heed/heed.hpp>

#include <cstdio>
#include <vector>

using heed::In, heed::Index, heed::RandomStreams, heed::Steps, Eigen::MatrixXd;
using Memory = heed::Memory<double>;
using State = heed::DecoderState<double>;  // search stores, reorders and duplicates its columns
using Tape = heed::DecoderTape<double>;
using Numbers = std::vector<std::vector<heed::Token>>;

/// A minimal decoder: only its first state depends on the source. `steps` gives the columns of x of each step.
///
///   s_0 = final encoder state        s_i = tanh(x_i + U s_{i-1})        features_i = s_i
struct MinimalDecoder {
  using Scalar = double;
  MatrixXd U = MatrixXd::Identity(32, 32);
  Index word_size() const { return U.cols(); }
  Index feature_size() const { return U.rows(); }
  void prepare(Memory&) const {}  // there are no keys to compute
  void start(const Memory& memory, State& state, Tape& tape) const {
    tape.summaries.assign(memory.summary(Eigen::seqN(0, U.rows()), state.sentences));
    state.layers.resize(1);
    state.layers[0].assign(tape.summaries);
    for (auto* unused : {&state.feed, &state.carry}) unused->resize(0, state.columns());  // no rows
  }
  void forward(const In<double>& x, const Steps& steps, const Memory&, State& state, Tape& tape, RandomStreams) const {
    tape.attention.weights.resize(0, x.cols());  // no attention
    tape.features.assign(x);
    for (Index t = 0; t < steps.count(); ++t) {
      auto s = tape.features.middleCols(steps.first(t), steps.active(t)), previous = state.layers[0].leftCols(s.cols());
      previous = s = (s + U * previous).array().tanh();
    }
  }
  void backward(const In<double>&, const Steps& steps, const Memory&, const State& state, Tape& tape,
                MinimalDecoder& grad, heed::Out<double> d_x, Memory& d_memory, RandomStreams) const {
    MatrixXd d_s = MatrixXd::Zero(U.rows(), state.columns());
    for (Index t = steps.count(); t-- > 0;) {
      const Index first = steps.first(t), n = steps.active(t);
      const MatrixXd previous = t > 0 ? tape.features.middleCols(steps.first(t - 1), n) : tape.summaries.leftCols(n);
      d_s.leftCols(n) += tape.d_features.middleCols(first, n);
      const MatrixXd d_a = d_s.leftCols(n).array() * (1 - tape.features.middleCols(first, n).array().square());
      d_x.middleCols(first, n) += d_a;
      grad.U += d_a * previous.transpose();
      d_s.leftCols(n) = U.transpose() * d_a;
    }
    d_memory.summary(Eigen::seqN(0, U.rows()), state.sentences) += d_s;  // was: s_0 = final encoder state
  }
  static void visit_parameters(auto&& visit, auto&&... self) { visit("U", self.U...); }
};

int main() {
  heed::Random random(1);
  const heed::Encoder<heed::GruCell<double>> encoder({.input_size = 32, .hidden_size = 32});
  heed::Seq2Seq model({.source_vocabulary = 13, .target_vocabulary = 13}, encoder, MinimalDecoder());
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
