// Attention by hand, small enough to check on paper.
//
// The memory has four columns, one per word. Its three rows are features: how much a word is an animal, a colour and an
// action. The query asks for an animal. Attention has three steps:
//
//   score      similarity of the query and word j                       score_j
//   softmax    weights, positive and with sum 1                         weight_j = e^score_j / sum_k e^score_k
//   context    weighted average of the words                            context  = sum_j weight_j word_j
//
// Output:
//   weights     dot  additive
//   the        0.04      0.02
//   black      0.04      0.02
//   cat        0.89      0.93
//   sleeps     0.04      0.02
//   context of dot: 0.81 0.21 0.12

#include <heed/heed.hpp>

#include <cmath>
#include <cstdio>

using Memory = Eigen::Matrix<float, 3, 4>;

/// True if "cat" has the largest weight and the three steps in plain loops give the same result. `term` is the
/// contribution of one feature to a score.
template <class Term>
bool matches_loops(const heed::Attended<float>& found, const Eigen::Vector3f& query, const Memory& memory, Term term) {
  float weights[4] = {}, context[3] = {}, sum = 0, error = 0;
  for (int j = 0; j < 4; ++j) {
    float score = 0;
    for (int i = 0; i < 3; ++i) score += term(query(i), memory(i, j));
    weights[j] = std::exp(score);
    sum += weights[j];
  }
  for (int j = 0; j < 4; ++j) {
    weights[j] /= sum;
    for (int i = 0; i < 3; ++i) context[i] += weights[j] * memory(i, j);
    error += std::abs(weights[j] - found.weights(j));
  }
  for (int i = 0; i < 3; ++i) error += std::abs(context[i] - found.context(i));
  return found.weights.maxCoeff() == found.weights(2) && error < 1e-5f;
}

int main() {
  const char* const words[] = {"the", "black", "cat", "sleeps"};
  Memory memory;
  memory << 0.1f, 0.1f, 0.9f, 0.1f,  // an animal?
      0.1f, 0.9f, 0.2f, 0.0f,        // a colour?
      0.0f, 0.0f, 0.1f, 0.9f;        // an action?
  const Eigen::Vector3f query(4, 0, 0);

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

  std::printf("weights     dot  additive\n");
  for (int j = 0; j < 4; ++j) std::printf("%-9s %5.2f %9.2f\n", words[j], by_dot.weights(j), by_addition.weights(j));
  std::printf("context of dot: %.2f %.2f %.2f\n", by_dot.context(0), by_dot.context(1), by_dot.context(2));

  const bool same =
      matches_loops(by_dot, query, memory, [](float q, float h) { return q * h; }) &&
      matches_loops(by_addition, query, memory, [](float q, float h) { return 2 * std::tanh(q + 4 * h - 6); });
  return same ? 0 : 1;
}
