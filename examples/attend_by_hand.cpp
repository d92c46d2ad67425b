// Attention by hand, small enough to check on paper.
//
// Four words wait in a memory, a column each. Their three numbers say how much of an animal, a colour and an action a
// word is. A query asks for an animal. Attention answers in three steps:
//
//   score      how well does word j match the query?                    score_j
//   softmax    turn the scores into weights that sum to 1               weight_j = e^score_j / sum_k e^score_k
//   context    average the words, each as much as it weighs             context  = sum_j weight_j word_j

#include <heed/heed.hpp>

#include <cmath>
#include <cstdio>

namespace {

using Vector = Eigen::Vector3f;
using Memory = Eigen::Matrix<float, 3, 4>;

const char* const words[] = {"the", "black", "cat", "sleeps"};
constexpr int cat = 2;

/// The three steps again, in plain loops: how far heed is from them. `term` is one feature's part of a score.
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

/// The claim: the cat weighs most, the weights sum to 1, and the loops agree.
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

  // The dot product: query and word match where both are large.
  const heed::DotScorer<float> dot(3);
  const auto by_dot = heed::attend(dot, query, memory);

  // The additive score, v' tanh(W q + U h + b), a tiny network. With these parameters a unit opens only where the query
  // and the word speak for its feature together: 4 + 4 * 0.9 - 6 > 0, but 4 + 4 * 0.1 - 6 < 0 and 0 + 4 * 0.9 - 6 < 0.
  heed::AdditiveScorer<float> additive(3, 3, 3, true);
  additive.W.edit().setIdentity();
  additive.U = 4 * Eigen::Matrix3f::Identity();
  additive.b.setConstant(-6);
  additive.v.setConstant(2);
  const auto by_addition = heed::attend(additive, query, memory);

  std::printf("Who is the animal?  dot  additive\n");
  for (int j = 0; j < 4; ++j) std::printf("  %-13s %7.3f %8.3f\n", words[j], by_dot.weights(j), by_addition.weights(j));
  std::printf("The answer is nearly the cat: (%.2f %.2f %.2f)\n", by_dot.context(0), by_dot.context(1),
              by_dot.context(2));

  const float dot_error = difference(by_dot, query, memory, [](float q, float h) { return q * h; });
  const float additive_error =
      difference(by_addition, query, memory, [](float q, float h) { return 2 * std::tanh(q + 4 * h - 6); });
  return holds(by_dot, dot_error) && holds(by_addition, additive_error) ? 0 : 1;
}
