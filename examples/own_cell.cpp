// A custom recurrent cell: one struct. The program checks its gradients, then trains a model that repeats numbers, with
// the cell in the encoder and in the decoder.

#include "support/number_task.hpp"

#include <heed/heed.hpp>

using In = heed::In<double>;
using Out = heed::Out<double>;
using heed::Index, Eigen::MatrixXd;

/// A leaky cell: the new state keeps half of the old state (Jaeger et al. 2007, leaky integrator units).
///
///   n_t = tanh(W x_t + b + U h_{t-1})        h_t = (h_{t-1} + n_t) / 2
///
/// `saved` holds n_t, the saved activations of a step; d_a is the gradient of the argument of tanh. A decoder projects
/// the embedded words of a batch in one call and adds the projected context step by step: `first` is the first row of
/// the cell's input that x holds.
struct LeakyCell {
  using Scalar = double;
  MatrixXd W, U, b;  ///< hidden x input, hidden x hidden, hidden x 1
  LeakyCell() = default;
  LeakyCell(Index input, Index hidden)
      : W(MatrixXd::Zero(hidden, input)), U(MatrixXd::Zero(hidden, hidden)), b(MatrixXd::Zero(hidden, 1)) {}
  Index input_size() const { return W.cols(); }
  Index hidden_size() const { return W.rows(); }
  Index state_size() const { return W.rows(); }
  Index saved_size() const { return W.rows(); }
  Index gradient_size() const { return W.rows(); }
  void project(const In& x, Out saved) const { saved = (W.leftCols(x.rows()) * x).colwise() + b.col(0); }
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
  void accumulate_recurrent(const In& h, const In& d_a, LeakyCell& grad) const {
    grad.U += d_a * h.transpose();
    grad.b += d_a.rowwise().sum();
  }
  static constexpr auto role(std::string_view name) {  // selects the initialisation of a parameter
    return name == "U"   ? heed::ParameterRole::recurrent
           : name == "b" ? heed::ParameterRole::bias
                         : heed::ParameterRole::weight;
  }
  static void visit_parameters(auto&& visit, auto&&... self) {
    visit("W", self.W...), visit("U", self.U...), visit("b", self.b...);
  }
};

using Decoder = heed::BahdanauDecoder<LeakyCell, heed::AdditiveScorer<double>>;

auto make_model(Index hidden) {
  const heed::AdditiveScorer<double> scorer(hidden, 2 * hidden, hidden);
  const Decoder decoder({.word_size = hidden, .memory_size = 2 * hidden, .hidden_size = hidden, .feature_size = hidden},
                        {scorer, {}});
  const heed::Encoder<LeakyCell> encoder({.input_size = hidden, .hidden_size = hidden, .bidirectional = true});
  return heed::Seq2Seq({.source_vocabulary = examples::number_words, .target_vocabulary = examples::number_words},
                       encoder, decoder);
}

int main() { return examples::check_and_train(make_model, 3, 32, {}); }
