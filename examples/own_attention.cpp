// A custom attention mechanism: one struct. The program checks its gradients, then trains a model that reverses
// numbers.

#include "support/number_task.hpp"

#include <heed/heed.hpp>

using In = heed::In<double>;
using Out = heed::Out<double>;
using Memory = heed::Memory<double>;
using heed::Index, Eigen::MatrixXd;
using Sentences = std::span<const Index>;  // column i of the queries attends to sentence sentences[i] of the memory

/// Dot-product attention with a learned scale.
///
///   weights = softmax(scale H' q)        context = H weights        H: the memory of one sentence
struct LearnedScaleAttention {
  using Scalar = double;
  using Tape = heed::AttentionTape<double>;
  Index size = 0;                                ///< rows of a query and of a memory value
  Eigen::VectorXd scale = MatrixXd::Ones(1, 1);  ///< 1 element
  heed::AttentionSizes sizes(Index) const {
    return {.query = size, .memory = size, .projected = size};  // tape.projected stores the queries for backward
  }
  void prepare(Memory&) const {}
  void forward(const In& queries, const Memory& memory, Sentences sentences, Out, Tape& tape, Index first,
               heed::RandomStreams) const {
    for (Index i = 0; i < queries.cols(); ++i) {
      const auto H = memory.values_of(sentences[static_cast<std::size_t>(i)]);
      auto weights = tape.weights.col(first + i).head(H.cols());
      tape.weights.col(first + i).setZero();  // rows past the end of a shorter sentence are 0
      weights = scale(0) * H.transpose() * queries.col(i);
      heed::softmax(weights);
      tape.contexts.col(first + i) = H * weights;
    }
    tape.projected.middleCols(first, queries.cols()) = queries;
  }
  void backward(const Memory& memory, Sentences sentences, Tape& tape, Index first, LearnedScaleAttention& grad,
                Out d_queries, Memory& d_memory) const {
    for (Index i = 0; i < d_queries.cols(); ++i) {
      const Index b = sentences[static_cast<std::size_t>(i)];
      const auto H = memory.values_of(b);
      const Eigen::VectorXd w = tape.weights.col(first + i).head(H.cols()), q = tape.projected.col(first + i);
      const Eigen::VectorXd d_context = tape.d_contexts.col(first + i), d_w = H.transpose() * d_context;
      const Eigen::VectorXd d_scores = w.array() * (d_w.array() - d_w.dot(w));  // was: softmax
      d_memory.values_of(b) += d_context * w.transpose() + scale(0) * q * d_scores.transpose();
      d_queries.col(i) += scale(0) * H * d_scores;
      grad.scale(0) += d_scores.dot(H.transpose() * q);
    }
  }
  void finish_backward(const In&, const Memory&, const Tape&, LearnedScaleAttention&, Memory&) const {}
  static constexpr auto role(std::string_view) { return heed::ParameterRole::constructed; }
  static void visit_parameters(auto&& visit, auto&&... self) {
    visit("size", self.size...), visit("scale", self.scale...);
  }
};

using Decoder = heed::ContextDecoder<heed::GruCell<double>, LearnedScaleAttention>;

auto make_model(Index hidden) {
  const heed::Encoder<heed::GruCell<double>> encoder(
      {.input_size = hidden, .hidden_size = hidden / 2, .bidirectional = true});
  const Decoder decoder({.word_size = hidden, .memory_size = hidden, .hidden_size = hidden, .feature_size = hidden},
                        LearnedScaleAttention{.size = hidden});
  return heed::Seq2Seq({.source_vocabulary = examples::number_words, .target_vocabulary = examples::number_words},
                       encoder, decoder);
}

int main() { return examples::check_and_train(make_model, 4, 48, {.reversed = true}); }
