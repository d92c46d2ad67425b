#pragma once

#include <heed/core/parameters.hpp>
#include <heed/core/random.hpp>

#include <cmath>
#include <string_view>
#include <type_traits>

namespace heed { inline namespace v0_2 {

namespace detail {

/// Visits the members of a part P and calls use(role, matrix) for every parameter, in the order of
/// `for_each_parameter`.
template <class P, class Use>
struct VisitRoles {
  const Use& use;
  P& part;

  template <class Member>
  void operator()(std::string_view name, Member& member) const {
    if constexpr (Part<Member>) {
      alternative(member);
    } else if constexpr (is_vector<Member>) {
      for (auto& element : member) (*this)(name, element);
    } else if constexpr (is_optional<Member>) {
      if (member) (*this)(name, *member);
    } else if constexpr (!std::is_arithmetic_v<Member>) {
      ParameterRole role = ParameterRole::constructed;
      if constexpr (requires { part.role(name); }) role = part.role(name);
      if (member.size() > 0) use(role, matrix_of(member));
    }
  }

  /// Visits the members of another part: a member of P, or the active alternative of a variant P.
  template <class Other>
  void alternative(Other& other) const {
    Other::visit_parameters(VisitRoles<Other, Use>{use, other}, other);
  }
};

template <Part P, class Use>
void for_each_role(P& part, const Use& use) {
  P::visit_parameters(VisitRoles<P, Use>{use, part}, part);
}

/// Fills a matrix with values from the uniform distribution between -bound and bound.
template <class X>
void fill_uniform(X&& x, double bound, Random& random) {
  using S = typename std::remove_reference_t<X>::Scalar;
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<S>(random.uniform(-bound, bound));
}

/// Fills a matrix with values from the normal distribution with mean 0 and this standard deviation.
template <class X>
void fill_normal(X&& x, double deviation, Random& random) {
  using S = typename std::remove_reference_t<X>::Scalar;
  for (Index j = 0; j < x.cols(); ++j) {
    for (Index i = 0; i < x.rows(); ++i) x(i, j) = static_cast<S>(deviation * random.normal());
  }
}

/// Fills a square matrix with a random orthogonal matrix (uniform distribution), by Gram-Schmidt on random normal
/// columns. Each column is orthogonalised twice, since rounding errors remain after the first pass.
template <class X>
void fill_orthogonal(X&& x, Random& random) {
  fill_normal(x, 1, random);
  for (Index j = 0; j < x.cols(); ++j) {
    for (int pass = 0; pass < 2; ++pass) {
      for (Index k = 0; k < j; ++k) x.col(j) -= x.col(k).dot(x.col(j)) * x.col(k);
    }
    x.col(j).normalize();
  }
}

}  // namespace detail

/// Initialises the parameters of a part by their roles, which each part declares (`ParameterRole`). It corresponds to
/// PyTorch's `reset_parameters`, but uses other distributions.
///
/// | role             | `initialize`                          | `initialize_as_bahdanau`  |
/// |------------------|---------------------------------------|---------------------------|
/// | `constructed`    | unchanged                             | unchanged                 |
/// | `bias`           | 0, also for LSTM forget gates         | 0                         |
/// | `gain`           | 1                                     | 1                         |
/// | `weight`         | uniform, +-sqrt(6 / (rows + columns)) | normal, std 0.01          |
/// | `recurrent`      | as `weight`, all gates as one matrix  | orthogonal, for each gate |
/// | `embedding`      | uniform, std 1/2                      | normal, std 0.01          |
/// | `tied_embedding` | uniform, std 1 / sqrt(rows)           | normal, std 0.01          |
/// | `scorer_weight`  | as `weight`                           | normal, std 0.001         |
/// | `scorer_vector`  | as `weight`                           | 0                         |
///
/// std is the standard deviation. The bound of a weight is that of Glorot & Bengio 2010, equation 16 (PyTorch's
/// `xavier_uniform_`). An embedding is an input and not a linear map, so its bound does not depend on its size. With
/// the bound of a weight its values would be too small, and would need the first epochs to grow. If an output layer uses
/// the table too, its products with the features are logits. With std 1 / sqrt(rows) the variance of a logit is the mean
/// square of the features; std 1/2 would make random words certain before training.
template <Part P>
void initialize(P& part, Random& random) {
  detail::for_each_role(part, [&](ParameterRole role, auto& x) {
    switch (role) {
      case ParameterRole::constructed:
        return;
      case ParameterRole::bias:
        x.setZero();
        return;
      case ParameterRole::gain:
        x.setOnes();
        return;
      case ParameterRole::embedding:
        detail::fill_uniform(x, std::sqrt(3.0) / 2, random);
        return;
      case ParameterRole::tied_embedding:
        detail::fill_uniform(x, std::sqrt(3.0 / static_cast<double>(x.rows())), random);
        return;
      default:
        detail::fill_uniform(x, std::sqrt(6.0 / static_cast<double>(x.rows() + x.cols())), random);
    }
  });
}

/// Initialises the parameters of a part with the distributions of Bahdanau, Cho & Bengio 2015, section B.1: see the
/// table of `initialize`.
template <Part P>
void initialize_as_bahdanau(P& part, Random& random) {
  detail::for_each_role(part, [&](ParameterRole role, auto& x) {
    switch (role) {
      case ParameterRole::constructed:
        return;
      case ParameterRole::bias:
      case ParameterRole::scorer_vector:
        x.setZero();
        return;
      case ParameterRole::gain:
        x.setOnes();
        return;
      case ParameterRole::scorer_weight:
        detail::fill_normal(x, 0.001, random);
        return;
      case ParameterRole::recurrent:
        for (Index row = 0; row < x.rows(); row += x.cols()) {
          detail::fill_orthogonal(x.middleRows(row, x.cols()), random);
        }
        return;
      default:
        detail::fill_normal(x, 0.01, random);
    }
  });
}

}}  // namespace heed::v0_2
