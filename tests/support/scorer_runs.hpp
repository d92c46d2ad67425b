#pragma once

#include <heed/scorers/scorer.hpp>

#include "support/numbers.hpp"
#include "support/typed_parts.hpp"

namespace typed {

/// Random carried weights of earlier steps for n queries and T values: positive values, or no rows if the scorer does
/// not use them.
template <class ScorerType>
heed::Matrix<typename ScorerType::Scalar> random_carry(const ScorerType& scorer, heed::Index T, heed::Index n,
                                                       heed::Random& random) {
  using S = typename ScorerType::Scalar;
  const bool carries = heed::detail::carried(scorer) != heed::Carried::nothing;
  return random_matrix<S>(carries ? T : 0, n, random).cwiseAbs();
}

/// scores(j, i) of memory column j and query i, computed with the functions of the scorer concept.
template <class ScorerType>
heed::Matrix<typename ScorerType::Scalar> scores(const ScorerType& scorer,
                                                 const heed::Matrix<typename ScorerType::Scalar>& queries,
                                                 const heed::Matrix<typename ScorerType::Scalar>& values,
                                                 const heed::Matrix<typename ScorerType::Scalar>& carry = {}) {
  using S = typename ScorerType::Scalar;
  const auto& of_keys = heed::detail::keys_of(scorer);
  const auto& of_queries = heed::detail::queries_of(scorer);
  heed::Matrix<S> projected(of_queries.projected_size(), queries.cols()), keys(of_keys.key_size(), values.cols());
  heed::Matrix<S> result(values.cols(), queries.cols());
  heed::Buffer<S> scratch;
  of_queries.project(queries, projected);
  of_keys.keys(values, keys);
  heed::detail::score<S>(scorer, projected, of_keys.key_size() > 0 ? keys : values, carry, result, scratch);
  return result;
}

/// The gradients of a scorer's parameters and inputs for the loss sum(d_scores * scores).
template <class ScorerType>
struct ScorerGradients {
  using S = typename ScorerType::Scalar;
  ScorerType parameters;
  heed::Matrix<S> queries, values, carry;

  ScorerGradients(const ScorerType& scorer, const heed::Matrix<S>& queries_, const heed::Matrix<S>& values_,
                  const heed::Matrix<S>& d_scores, const heed::Matrix<S>& carry_ = {})
      : parameters(heed::zeros_like(scorer)),
        queries(heed::Matrix<S>::Zero(queries_.rows(), queries_.cols())),
        values(heed::Matrix<S>::Zero(values_.rows(), values_.cols())),
        carry(heed::Matrix<S>::Zero(carry_.rows(), carry_.cols())) {
    add(scorer, queries_, values_, d_scores, carry_);
  }

  void add(const ScorerType& scorer, const heed::Matrix<S>& queries_, const heed::Matrix<S>& values_,
           const heed::Matrix<S>& d_scores, const heed::Matrix<S>& carry_ = {}) {
    const auto& of_keys = heed::detail::keys_of(scorer);
    const auto& of_queries = heed::detail::queries_of(scorer);
    heed::Matrix<S> projected(of_queries.projected_size(), queries_.cols()), keys(of_keys.key_size(), values_.cols());
    heed::Matrix<S> d_projected = heed::Matrix<S>::Zero(projected.rows(), projected.cols());
    heed::Matrix<S> d_keys = heed::Matrix<S>::Zero(keys.rows(), keys.cols());
    heed::Buffer<S> scratch;
    of_queries.project(queries_, projected);
    of_keys.keys(values_, keys);
    const bool keyed = of_keys.key_size() > 0;
    heed::detail::score_backward<S>(scorer, projected, keyed ? keys : values_, carry_, d_scores, parameters,
                                    d_projected, keyed ? d_keys : values, carry, scratch);
    of_queries.project_backward(d_projected, queries);
    of_queries.accumulate(queries_, d_projected, parameters);
    of_keys.keys_backward(values_, d_keys, parameters, values);
  }
};

/// The largest difference between a scorer of fixed sizes and a scorer of dynamic sizes with the same parameters.
template <class Fixed, class Sized>
double scorer_distance(Fixed fixed, Sized sized) {
  heed::Random random(29);
  randomize(fixed, random);
  copy_parameters(fixed, sized);
  const heed::Matrix<double> queries = random_matrix(fixed.query_size(), 2, random);
  const heed::Matrix<double> values = random_matrix(fixed.memory_size(), 20, random);
  const heed::Matrix<double> d_scores = random_matrix(20, 2, random), carry = random_carry(fixed, 20, 2, random);
  const ScorerGradients a(fixed, queries, values, d_scores, carry);
  const ScorerGradients b(sized, queries, values, d_scores, carry);
  return std::max({difference(scores(fixed, queries, values, carry), scores(sized, queries, values, carry)),
                   difference(a.queries, b.queries), difference(a.values, b.values), difference(a.carry, b.carry),
                   part_difference(a.parameters, b.parameters)});
}

}  // namespace typed
