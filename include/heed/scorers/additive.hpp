#pragma once

#include <heed/kernels/additive.hpp>
#include <heed/kernels/products.hpp>
#include <heed/scorers/scorer.hpp>

namespace heed { inline namespace v0_2 {

namespace detail {

/// Throws unless the alignment size is 1 or more. It may be 0 only if the query and memory sizes are 0, as in a
/// default-constructed scorer.
inline void check_alignment(const char* scorer, Index query, Index memory, Index alignment) {
  require(alignment > 0 || (query == 0 && memory == 0), [&] {
    return std::string(scorer) + ": the alignment size must be 1 or more, got " + std::to_string(alignment);
  });
}

/// Base of the additive and location scorers: projected = W q. A scorer C that stores W in another way defines its own
/// `query_weight`.
template <class C, class S, int Query, int Projected>
struct LinearQueries {
  Index query_size() const { return C::query_weight(self()).cols(); }
  Index projected_size() const { return self().W.rows(); }

  void project(const In<S, Query>& queries, Out<S, Projected> projected) const {
    check_project(self(), queries, projected);
    projected.setZero();
    add_product(C::query_weight(self()), queries, projected);
  }
  void project_backward(const In<S, Projected>& d_projected, Out<S, Query> d_queries) const {
    check_project_backward(self(), d_projected, d_queries);
    add_product_backward(C::query_weight(self()), d_projected, d_queries);  // was: projected = W q
  }
  void accumulate(const In<S, Query>& queries, const In<S, Projected>& d_projected, C& grad) const {
    check_project(self(), queries, d_projected, "accumulate", "d_projected");
    check_like(self(), "accumulate", "grad.W", grad.W, self().W);
    add_outer_product(d_projected, queries, C::query_weight(grad));  // was: projected = W q
  }

 protected:
  static auto& query_weight(auto& scorer) { return scorer.W; }
  const C& self() const { return static_cast<const C&>(*this); }
};

/// Base of the additive scorers: projected = W q, keys_j = U h_j + b in the form that the scorer's `Kernel` expects,
/// and the scores. A scorer C that names or stores U in another way defines its own `memory_weight`. b is optional.
template <class C, class S, int Query, int MemorySize, int Alignment>
struct AdditiveParts : LinearQueries<C, S, Query, Alignment> {
  Index memory_size() const { return C::memory_weight(self()).cols(); }
  Index key_size() const { return C::Kernel::key_size(self().v.size()); }

  void keys(const In<S, MemorySize>& values, Out<S> keys) const {
    check_size(self(), "keys", "values", values, memory_size(), values.cols());
    check_size(self(), "keys", "keys", keys, key_size(), values.cols());
    auto sums = keys.topRows(self().v.size());
    bool biased = false;
    if constexpr (requires(C c) { c.b; }) {
      biased = self().b.size() > 0;
      if (biased) sums.colwise() = self().b;
    }
    if (!biased) sums.setZero();
    add_product(C::memory_weight(self()), values, sums);
    C::Kernel::finish_keys(self().v, keys);
  }

  void score(const In<S, Alignment>& projected, const In<S>& keys, Out<S> scores, Buffer<S>& scratch) const {
    check_score(self(), projected, keys, scores);
    C::Kernel::score(self().v, projected, keys, scores, scratch);
  }
  void score_backward(const In<S, Alignment>& projected, const In<S>& keys, const In<S>& d_scores, C& grad,
                      Out<S, Alignment> d_projected, Out<S> d_keys, Buffer<S>& scratch) const {
    check_score_backward(self(), projected, keys, d_scores, d_projected, d_keys);
    check_like(self(), "score_backward", "grad.v", grad.v, self().v);
    C::Kernel::score_backward(self().v, projected, keys, d_scores, grad.v, d_projected, d_keys, scratch);
  }

  void keys_backward(const In<S, MemorySize>& values, const In<S>& d_keys, C& grad, Out<S, MemorySize> d_values) const {
    check_size(self(), "keys_backward", "values", values, memory_size(), values.cols());
    check_size(self(), "keys_backward", "d_keys", d_keys, key_size(), values.cols());
    check_like(self(), "keys_backward", "d_values", d_values, values);
    check_like(self(), "keys_backward", "grad.W", grad.W, self().W);
    check_like(self(), "keys_backward", C::memory_gradient, C::memory_weight(grad), C::memory_weight(self()));
    const auto d_sums = d_keys.topRows(self().v.size());
    add_outer_product(d_sums, values, C::memory_weight(grad));         // was: keys = U h + b
    add_product_backward(C::memory_weight(self()), d_sums, d_values);  // was: keys = U h + b
    if constexpr (requires(C c) { c.b; }) {
      check_like(self(), "keys_backward", "grad.b", grad.b, self().b);
      if (grad.b.size() > 0) grad.b += d_sums.rowwise().sum();  // was: keys = U h + b
    }
  }

  static constexpr ParameterRole role(std::string_view parameter) {
    if (parameter == "b") return ParameterRole::bias;
    return parameter == "v" ? ParameterRole::scorer_vector : ParameterRole::scorer_weight;
  }

 protected:
  static constexpr const char* memory_gradient = "grad.U";
  static auto& memory_weight(auto& scorer) { return scorer.U; }
  using LinearQueries<C, S, Query, Alignment>::self;
};

}  // namespace detail

/// Additive scores (Bahdanau attention): Bahdanau, Cho & Bengio 2015, section A.1.2.
///
///     z_j = tanh(W q + k_j),  k_j = U h_j        score_j = v' z_j
///
/// The keys do not depend on the query, so they are computed once per sentence. They are stored as e^{2 k_j}, with a
/// few more rows than k_j (kernels/exponential_columns.hpp), so that the exponentials are also computed only once. The
/// paper has no bias. `b` is for models that have one; it is added to the keys.
template <class S, int Query = Dynamic, int MemorySize = Dynamic, int Alignment = Dynamic>
struct AdditiveScorer
    : detail::AdditiveParts<AdditiveScorer<S, Query, MemorySize, Alignment>, S, Query, MemorySize, Alignment> {
  using Scalar = S;
  using Kernel = detail::AdditiveKernel<S, Alignment>;   ///< the kernel that computes scores
  static constexpr const char* name = "AdditiveScorer";  ///< in error messages

  Weight<S, Alignment, Query> W;       ///< alignment x query (W_a)
  Weight<S, Alignment, MemorySize> U;  ///< alignment x memory (U_a)
  ParameterVector<S, Alignment> v;     ///< alignment (v_a)
  ParameterVector<S> b;                ///< alignment, or empty: no bias

  AdditiveScorer() : AdditiveScorer(detail::initial(Query), detail::initial(MemorySize), detail::initial(Alignment)) {}
  AdditiveScorer(Index query, Index memory, Index alignment, bool bias = false)
      : W(alignment, query),
        U(alignment, memory),
        v(Vector<S, Alignment>::Zero(alignment)),
        b(Vector<S>::Zero(bias ? alignment : 0)) {
    detail::check_alignment(name, query, memory, alignment);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("U", self.U...);
    visit("v", self.v...);
    visit("b", self.b...);
  }
};

}}  // namespace heed::v0_2
