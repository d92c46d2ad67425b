// A custom scoring function: one struct. The program checks its gradients, then trains a model that reverses numbers.

#include "support/number_task.hpp"

#include <heed/heed.hpp>

using In = heed::In<double>;
using Out = heed::Out<double>;
using heed::Index, Eigen::MatrixXd;

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

using Cell = heed::GruCell<double>;
using Decoder = heed::BahdanauDecoder<Cell, DistanceScorer>;

auto make_model(Index hidden) {
  const MatrixXd W = MatrixXd::Random(2 * hidden, hidden) / 4;
  const Decoder decoder({.word_size = hidden, .memory_size = 2 * hidden, .hidden_size = hidden, .feature_size = hidden},
                        {{W}, {}});
  const heed::Encoder<Cell> encoder({.input_size = hidden, .hidden_size = hidden, .bidirectional = true});
  return heed::Seq2Seq({.source_vocabulary = examples::number_words, .target_vocabulary = examples::number_words},
                       encoder, decoder);
}

int main() { return examples::check_and_train(make_model, 3, 32, {.reversed = true}); }
