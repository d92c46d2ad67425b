// Attention by hand, small enough to check on paper.
//
// The memory has four columns, one per word. Its three rows are features: how much a word is an animal, a colour and an
// action. The query asks for an animal. Attention has three steps:
//
//   score      similarity of the query and word j                       score_j
//   softmax    weights, positive and with sum 1                         weight_j = e^score_j / sum_k e^score_k
//   context    weighted average of the words                            context  = sum_j weight_j word_j

#include <heed/heed.hpp>

#include <cmath>
#include <cstdio>

namespace {

using Vector = Eigen::Vector3f;
using Memory = Eigen::Matrix<float, 3, 4>;

const char* const words[] = {"the", "black", "cat", "sleeps"};
constexpr int cat = 2;

/// The difference between heed's result and the three steps in plain loops. `term` is the contribution of one feature
/// to a score.
template <class Term>
float difference(const heed::Attended<float>& found, const Vector& query, const Memory& memory, Term term) {
  float weights[4] = {}, context[3] = {}, total = 0, sum = 0;
  for (int j = 0; j < 4; ++j) {
    float score = 0;
    for (int i = 0; i < 3; ++i) score += term(query(i), memory(i, j));
    total += weights[j] = std::exp(score);
  }
  for (int j = 0; j < 4; ++j) {
    for (int i = 0; i < 3; ++i) context[i] += weights[j] / total * memory(i, j);
    sum += std::abs(weights[j] / total - found.weights(j));
  }
  for (int i = 0; i < 3; ++i) sum += std::abs(context[i] - found.context(i));
  return sum;
}

/// True if "cat" has the largest weight, the weights sum to 1, and the loops give the same result.
bool holds(const heed::Attended<float>& found, float difference_to_loops) {
  Eigen::Index most = 0;
  found.weights.col(0).maxCoeff(&most);
  return most == cat && std::abs(found.weights.sum() - 1) < 1e-5f && difference_to_loops < 1e-5f;
}

}  // namespace

int main() {
  Memory memory;
  //         the   black   cat  sleeps
  memory << 0.1f, 0.1f, 0.9f, 0.1f,  // an animal?
      0.1f, 0.9f, 0.2f, 0.0f,        // a colour?
      0.0f, 0.0f, 0.1f, 0.9f;        // an action?
  const Vector query(4, 0, 0);

  // Dot product: the score is large if the same features are large in the query and in the word.
  const heed::DotScorer<float> dot(3);
  const auto by_dot = heed::attend(dot, query, memory);

  // Additive score, v' tanh(W q + U h + b), a small network. With these parameters a hidden unit is positive only if
  // its feature is large in the query and in the word:
  // 4 + 4 * 0.9 - 6 > 0, but 4 + 4 * 0.1 - 6 < 0 and 0 + 4 * 0.9 - 6 < 0.
  heed::AdditiveScorer<float> additive(3, 3, 3, true);
  additive.W.edit().setIdentity();
  additive.U = 4 * Eigen::Matrix3f::Identity();
  additive.b.setConstant(-6);
  additive.v.setConstant(2);
  const auto by_addition = heed::attend(additive, query, memory);

  std::printf("Attention weights   dot  additive\n");
  for (int j = 0; j < 4; ++j) std::printf("  %-13s %7.3f %8.3f\n", words[j], by_dot.weights(j), by_addition.weights(j));
  std::printf("The context is close to \"cat\": (%.2f %.2f %.2f)\n", by_dot.context(0), by_dot.context(1),
              by_dot.context(2));

  const float dot_error = difference(by_dot, query, memory, [](float q, float h) { return q * h; });
  const float additive_error =
      difference(by_addition, query, memory, [](float q, float h) { return 2 * std::tanh(q + 4 * h - 6); });
  return holds(by_dot, dot_error) && holds(by_addition, additive_error) ? 0 : 1;
}
