// A custom decoder: one struct. The program checks its gradients, then trains a model that repeats short numbers.

#include "support/number_task.hpp"

#include <heed/heed.hpp>

using In = heed::In<double>;
using Out = heed::Out<double>;
using Memory = heed::Memory<double>;
using heed::Index, heed::RandomStreams, Eigen::MatrixXd;

/// A minimal decoder without attention. The source sentence enters it only through the initial state, the final state
/// of the encoder.
///
///   s_0 = summary        s_i = tanh(W x_i + U s_{i-1})        features_i = s_i
///
/// A column is one step of one sentence; `steps` gives the columns of each step. Search stores, reorders and duplicates
/// the columns of the state.
struct MinimalDecoder {
  using Scalar = double;
  using State = heed::DecoderState<double>;
  using Tape = heed::DecoderTape<double>;
  using Steps = heed::Steps;
  MatrixXd W, U;  ///< hidden x word, hidden x hidden
  Index word_size() const { return W.cols(); }
  Index feature_size() const { return W.rows(); }
  void prepare(Memory&) const {}  // there are no keys to compute
  void start(const Memory& memory, State& state, Tape& tape) const {
    state.layers.resize(1);
    state.layers[0].resize(U.rows(), state.columns());
    for (Index i = 0; i < state.columns(); ++i) {
      state.layers[0].col(i) = memory.summary.col(state.sentences[static_cast<std::size_t>(i)]);
    }
    state.feed.resize(0, state.columns()), state.carry.resize(0, state.columns());
    tape.summaries.assign(state.layers[0]);
  }
  void forward(const In& x, const Steps& steps, const Memory&, State& state, Tape& tape, RandomStreams) const {
    tape.attention.weights.resize(0, x.cols());  // no attention
    tape.features.resize(U.rows(), x.cols());
    tape.features = W * x;
    for (Index t = 0; t < steps.count(); ++t) {
      auto s = tape.features.middleCols(steps.first(t), steps.active(t));
      auto running = state.layers[0].leftCols(s.cols());
      s = (s + U * running).array().tanh();
      running = s;
    }
  }
  void backward(const In& x, const Steps& steps, const Memory&, const State& state, Tape& tape, MinimalDecoder& grad,
                Out d_x, Memory& d_memory, RandomStreams) const {
    MatrixXd d_s = MatrixXd::Zero(U.rows(), state.columns());
    for (Index t = steps.count(); t-- > 0;) {
      const Index first = steps.first(t), n = steps.active(t);
      const MatrixXd before = t > 0 ? tape.features.middleCols(steps.first(t - 1), n) : tape.summaries.leftCols(n);
      auto d_a = tape.d_features.middleCols(first, n);
      d_a = (d_a + d_s.leftCols(n)).array() * (1 - tape.features.middleCols(first, n).array().square());  // was: tanh
      grad.U += d_a * before.transpose();
      d_s.leftCols(n) = U.transpose() * d_a;
    }
    grad.W += tape.d_features * x.transpose();
    d_x += W.transpose() * tape.d_features;
    for (Index i = 0; i < state.columns(); ++i) {
      d_memory.summary.col(state.sentences[static_cast<std::size_t>(i)]) += d_s.col(i);  // was: s_0 = summary
    }
  }
  static constexpr auto role(std::string_view name) {  // selects the initialisation of a parameter
    return name == "U" ? heed::ParameterRole::recurrent : heed::ParameterRole::weight;
  }
  static void visit_parameters(auto&& visit, auto&&... self) { visit("W", self.W...), visit("U", self.U...); }
};

auto make_model(Index hidden) {
  const heed::Encoder<heed::GruCell<double>> encoder({.input_size = hidden, .hidden_size = hidden});
  const MinimalDecoder decoder{MatrixXd::Zero(hidden, hidden), MatrixXd::Zero(hidden, hidden)};
  return heed::Seq2Seq({.source_vocabulary = examples::number_words, .target_vocabulary = examples::number_words},
                       encoder, decoder);
}

int main() { return examples::check_and_train(make_model, 3, 48, {.shortest = 1, .longest = 3}); }
