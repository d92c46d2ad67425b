#pragma once

#include "comparison.hpp"
#include "ready.hpp"

#include <numeric>
#include <string>
#include <type_traits>
#include <vector>

namespace compare {

template <class C>
struct ScorerTraits;
template <>
struct ScorerTraits<heed::DotScorer<float>> {
  static constexpr const char* name = "dot";
  static heed::DotScorer<float> make(Index size) { return heed::DotScorer<float>(size); }
};
template <>
struct ScorerTraits<heed::GeneralScorer<float>> {
  static constexpr const char* name = "general";
  static heed::GeneralScorer<float> make(Index size) { return {size, size}; }
};
template <>
struct ScorerTraits<heed::AdditiveScorer<float>> {
  static constexpr const char* name = "additive";
  static heed::AdditiveScorer<float> make(Index size) { return {size, size, size}; }
};
template <>
struct ScorerTraits<heed::ConcatScorer<float>> {
  static constexpr const char* name = "concat";
  static heed::ConcatScorer<float> make(Index size) { return {size, size, size}; }
};

/// One step of attention: each sentence of a batch has one query and a memory. The step includes the projection of the
/// queries. The keys are computed before the measurement, because they are computed once per sentence.
///
/// All matrices are column-major. The columns of `values` and `keys` are the memories, one sentence after another: as
/// row-major arrays they are batch x length x size. Column b of `queries` is the query for sentence b; as a row-major
/// array they are batch x size.
template <class C>
class AttentionStep {
 public:
  static constexpr Index size = 512;
  static constexpr bool has_keys =
      !std::is_same_v<C, heed::DotScorer<float>> && !std::is_same_v<C, heed::GeneralScorer<float>>;

  C scorer;
  Index batch, length;
  bool bfloat16;  ///< whether heed attends to a bfloat16 memory; the rivals use float32
  Matrix values, queries;
  Matrix keys;  ///< size x (length * batch) for additive and concat; empty if the values are the keys
  Matrix W;     ///< projected = W q for additive and concat, W' q for general (score = q' W h); empty for dot
  Vector v;     ///< score_j = v' tanh(projected + k_j), for additive and concat

  AttentionStep(Index batch_, Index length_, bool is_bfloat16_ = false)
      : scorer(ScorerTraits<C>::make(size)), batch(batch_), length(length_), bfloat16(is_bfloat16_) {
    heed::Random random(1);
    randomize_parameters(scorer, size, random);
    values = random_matrix(size, length * batch, random);
    queries = random_matrix(size, batch, random);
    if constexpr (has_keys) {
      if constexpr (requires { scorer.U; }) {
        keys = scorer.U.values() * values;
      } else {
        keys = scorer.W.values().rightCols(size) * values;
      }
      W = scorer.W.values().leftCols(size);
      v = scorer.v;
    } else if constexpr (!std::is_same_v<C, heed::DotScorer<float>>) {
      W = scorer.W.values();
    }
    attention_.scorer = ready(scorer);
    sentences_.resize(static_cast<std::size_t>(batch));
    std::iota(sentences_.begin(), sentences_.end(), Index{0});
    memory_.resize(size, std::vector<Index>(sentences_.size(), length));
    memory_.values = values;
    attention_.prepare(memory_);
    if (bfloat16) memory_.to_bfloat16();
    start_attention(attention_, memory_, sentences_, carry_);
    begin_attention(attention_, memory_, batch, tape_);
  }

  static std::string name(Index batch, Index length, bool bfloat16 = false) {
    return std::string("attention/") + ScorerTraits<C>::name + "/batch:" + std::to_string(batch) +
           "/S:" + std::to_string(length) + (bfloat16 ? "/bfloat16" : "");
  }

  void heed() { attention_.forward(queries, memory_, sentences_, carry_, tape_, 0); }
  const heed::Buffer<float>& weights() const { return tape_.weights; }
  const heed::Buffer<float>& contexts() const { return tape_.contexts; }

  /// A contest against `rival`. `call` writes its weights to `rival_weights` (length x batch) and its contexts to
  /// `rival_contexts` (size x batch).
  Contest contest(const std::string& rival, std::function<void()> call, const float* rival_weights,
                  const float* rival_contexts) {
    Contest contest{.workload = name(batch, length, bfloat16),
                    .family = "attention, " + std::string(ScorerTraits<C>::name)};
    contest.rival = rival;
    if (bfloat16) contest.family += ", 16-bit memory";
    contest.work = work();
    contest.heed_call = [this] { heed(); };
    contest.rival_call = std::move(call);
    contest.tolerance = bfloat16 ? 5e-2 : 1e-5;
    contest.difference = [this, rival_weights, rival_contexts] {
      return larger(difference(weights(), Eigen::Map<const Matrix>(rival_weights, length, batch)),
                    difference(contexts(), Eigen::Map<const Matrix>(rival_contexts, size, batch)));
    };
    return contest;
  }

  /// Reads the matrix of the projection, the keys and the values. Scores and contexts take one multiply-add per
  /// element.
  Work work() const {
    const auto in_float = [](Index count) { return 4 * static_cast<double>(count); };
    const double multiply_adds = static_cast<double>(W.size() * batch + 2 * values.size());
    const double memory = in_float(keys.size() + values.size());
    return {{2 * multiply_adds, in_float(W.size()) + (bfloat16 ? memory / 2 : memory)}};
  }

 private:
  heed::Attention<C> attention_;
  heed::Memory<float> memory_;
  std::vector<Index> sentences_;
  heed::Buffer<float> carry_;
  heed::AttentionTape<float> tape_;
};

/// Calls `use(step)` for every selected attention step.
template <class Use>
void for_each_attention_step(const Comparison& comparison, const Use& use) {
  const auto all = [&]<class C>(std::type_identity<C>) {
    const auto one = [&](Index batch, Index length, bool bfloat16) {
      if (!comparison.wants(AttentionStep<C>::name(batch, length, bfloat16))) return;
      AttentionStep<C> step(batch, length, bfloat16);
      use(step);
    };
    for (const Index batch : {1, 32}) {
      for (const Index length : {10, 50, 200, 1000}) one(batch, length, false);
      one(batch, 1000, true);
    }
  };
  all(std::type_identity<heed::DotScorer<float>>{});
  all(std::type_identity<heed::GeneralScorer<float>>{});
  all(std::type_identity<heed::AdditiveScorer<float>>{});
  all(std::type_identity<heed::ConcatScorer<float>>{});
}

}  // namespace compare
