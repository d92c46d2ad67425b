// A custom attention mechanism: one struct. The program checks its gradients and trains a model that repeats numbers.
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
using Memory = heed::Memory<double>;
using Sentences = std::span<const Index>;  // query i attends to sentence sentences[i] of the memory
using Numbers = std::vector<std::vector<heed::Token>>;

/// Dot-product attention with a learned scale.
///
///   weights = softmax(scale H' q)        context = H weights        H: the memory of one sentence
struct LearnedScaleAttention {
  using Scalar = double;
  using Tape = heed::AttentionTape<double>;
  MatrixXd scale = MatrixXd::Ones(1, 1);
  heed::AttentionSizes sizes(Index) const { return {.projected = 16}; }  // tape.projected keeps the queries
  void prepare(Memory&) const {}
  void forward(const In& queries, const Memory& memory, Sentences sentences, Out, Tape& tape, Index first, auto) const {
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
  static void visit_parameters(auto&& visit, auto&&... self) { visit("scale", self.scale...); }
};

int main() {
  heed::Random random(1);
  const heed::Encoder<heed::GruCell<double>> encoder({.input_size = 16, .hidden_size = 8, .bidirectional = true});
  const heed::ContextDecoder<heed::GruCell<double>, LearnedScaleAttention> decoder(
      {.word_size = 16, .memory_size = 16, .hidden_size = 16, .feature_size = 16}, LearnedScaleAttention());
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
