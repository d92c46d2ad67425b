#pragma once

#include <heed/scorers/scorer.hpp>

#include "support/numbers.hpp"
#include "support/typed_parts.hpp"

namespace typed {

/// scores(j, i) of memory j against query i, through every call of the concept.
template <class ScorerType>
heed::Matrix<typename ScorerType::Scalar> scores(const ScorerType& scorer,
                                                 const heed::Matrix<typename ScorerType::Scalar>& queries,
                                                 const heed::Matrix<typename ScorerType::Scalar>& values) {
  using S = typename ScorerType::Scalar;
  heed::Matrix<S> projected(heed::detail::queries_of(scorer).projected_size(), queries.cols()),
      keys(heed::detail::keys_of(scorer).key_size(), values.cols());
  heed::Matrix<S> result(values.cols(), queries.cols());
  heed::Buffer<S> scratch;
  heed::detail::queries_of(scorer).project(queries, projected);
  heed::detail::keys_of(scorer).keys(values, keys);
  scorer.score(projected, heed::detail::keys_of(scorer).key_size() > 0 ? keys : values, result, scratch);
  return result;
}

/// The gradients of a scorer's parameters and inputs for the loss sum(d_scores * scores).
template <class ScorerType>
struct ScorerGradients {
  using S = typename ScorerType::Scalar;
  ScorerType parameters;
  heed::Matrix<S> queries, values;

  ScorerGradients(const ScorerType& scorer, const heed::Matrix<S>& queries_, const heed::Matrix<S>& values_,
                  const heed::Matrix<S>& d_scores)
      : parameters(heed::zeros_like(scorer)),
        queries(heed::Matrix<S>::Zero(queries_.rows(), queries_.cols())),
        values(heed::Matrix<S>::Zero(values_.rows(), values_.cols())) {
    add(scorer, queries_, values_, d_scores);
  }

  void add(const ScorerType& scorer, const heed::Matrix<S>& queries_, const heed::Matrix<S>& values_,
           const heed::Matrix<S>& d_scores) {
    heed::Matrix<S> projected(heed::detail::queries_of(scorer).projected_size(), queries_.cols()),
        keys(heed::detail::keys_of(scorer).key_size(), values_.cols());
    heed::Matrix<S> d_projected = heed::Matrix<S>::Zero(projected.rows(), projected.cols());
    heed::Matrix<S> d_keys = heed::Matrix<S>::Zero(keys.rows(), keys.cols());
    heed::Buffer<S> scratch;
    heed::detail::queries_of(scorer).project(queries_, projected);
    heed::detail::keys_of(scorer).keys(values_, keys);
    const bool keyed = heed::detail::keys_of(scorer).key_size() > 0;
    scorer.score_backward(projected, keyed ? keys : values_, d_scores, parameters, d_projected, keyed ? d_keys : values,
                          scratch);
    heed::detail::queries_of(scorer).project_backward(d_projected, queries);
    heed::detail::queries_of(scorer).accumulate(queries_, d_projected, parameters);
    heed::detail::keys_of(scorer).keys_backward(values_, d_keys, parameters, values);
  }
};

/// How far a scorer of fixed sizes is from one of sizes known at run time with the same parameters.
template <class Fixed, class Sized>
double scorer_distance(Fixed fixed, Sized sized) {
  heed::Random random(29);
  randomize(fixed, random);
  copy_parameters(fixed, sized);
  const heed::Matrix<double> queries = random_matrix(fixed.query_size(), 2, random);
  const heed::Matrix<double> values = random_matrix(fixed.memory_size(), 20, random);
  const heed::Matrix<double> d_scores = random_matrix(20, 2, random);
  const ScorerGradients a(fixed, queries, values, d_scores);
  const ScorerGradients b(sized, queries, values, d_scores);
  return std::max({difference(scores(fixed, queries, values), scores(sized, queries, values)),
                   difference(a.queries, b.queries), difference(a.values, b.values),
                   part_difference(a.parameters, b.parameters)});
}

}  // namespace typed
