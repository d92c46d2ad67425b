#pragma once

#include <heed/types.hpp>

#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace heed::inline v0_1 {

/// The path of a parameter through its model, such as `decoder.scorer.W`. Costs nothing until it is asked for.
class ParameterName {
 public:
  ParameterName() = default;
  ParameterName(const ParameterName& parent, std::string_view name) : parent_(&parent), name_(name) {}
  ParameterName(const ParameterName& parent, std::size_t index) : parent_(&parent), index_(index), indexed_(true) {}

  /// The last part of the path: `W`.
  std::string_view leaf() const { return name_; }

  /// The whole path.
  std::string str() const {
    if (parent_ == nullptr) return {};
    std::string path = parent_->str();
    if (!path.empty()) path += '.';
    return path + (indexed_ ? std::to_string(index_) : std::string(name_));
  }

 private:
  const ParameterName* parent_ = nullptr;
  std::string_view name_;
  std::size_t index_ = 0;
  bool indexed_ = false;
};

namespace detail {

/// Stands in for a visitor where only the presence of `visit_parameters` is asked.
struct AnyVisit {
  template <class... Xs>
  void operator()(std::string_view, Xs&&...) const {}
};

template <class T>
inline constexpr bool is_vector = false;
template <class T, class A>
inline constexpr bool is_vector<std::vector<T, A>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

}  // namespace detail

/// A part: a struct of Eigen matrices with one `visit_parameters(visit, self...)` that names them.
///
/// The pack holds several of the same type (model, gradient, the optimiser's moments), visited in step.
template <class T>
concept Part = requires(T& part, detail::AnyVisit visit) {
  T::visit_parameters(visit, part);
};

namespace detail {

template <class F, class First, class... Rest>
void visit_in_step(const F& f, const ParameterName& name, First& first, Rest&... rest) {
  using T = std::remove_const_t<First>;
  if constexpr (Part<T>) {
    T::visit_parameters(
        [&](std::string_view child, auto&... member) { visit_in_step(f, ParameterName(name, child), member...); },
        first, rest...);
  } else if constexpr (is_vector<T>) {
    for (std::size_t i = 0; i < first.size(); ++i) visit_in_step(f, ParameterName(name, i), first[i], rest[i]...);
  } else if constexpr (is_optional<T>) {
    if (first) visit_in_step(f, name, *first, *rest...);
  } else if (first.size() > 0) {  // an absent bias has size 0 and is no parameter
    f(name, first, rest...);
  }
}

}  // namespace detail

/// Calls `f(name, matrix...)` for every parameter of `part`, with the same parameter of each of `others`.
///
/// All must have the same structure (be copies of one another). Does not allocate.
template <class F, Part P, class... Others>
void for_each_parameter(const F& f, P& part, Others&... others) {
  detail::visit_in_step(f, ParameterName{}, part, others...);
}

/// How many numbers a part learns.
template <Part P>
Index parameter_count(const P& part) {
  Index count = 0;
  for_each_parameter([&](const ParameterName&, const auto& x) { count += x.size(); }, part);
  return count;
}

template <Part P>
void set_zero(P& part) {
  for_each_parameter([](const ParameterName&, auto& x) { x.setZero(); }, part);
}

/// The gradient of a model is a model: this makes one, all zeros.
template <Part P>
P zeros_like(const P& part) {
  P result = part;
  set_zero(result);
  return result;
}

/// total += part, parameter by parameter.
template <Part P>
void add(const P& part, P& total) {
  for_each_parameter([](const ParameterName&, auto& sum, const auto& x) { sum += x; }, total, part);
}

template <class S, Part P>
void scale(P& part, S factor) {
  for_each_parameter([&](const ParameterName&, auto& x) { x *= factor; }, part);
}

/// The sum of all squares, in double whatever the scalar.
template <Part P>
double squared_norm(const P& part) {
  double sum = 0;
  for_each_parameter([&](const ParameterName&, const auto& x) { sum += static_cast<double>(x.squaredNorm()); }, part);
  return sum;
}

/// Whether every parameter is a finite number.
template <Part P>
bool all_finite(const P& part) {
  bool finite = true;
  for_each_parameter([&](const ParameterName&, const auto& x) { finite = finite && x.allFinite(); }, part);
  return finite;
}

}  // namespace heed::inline v0_1
