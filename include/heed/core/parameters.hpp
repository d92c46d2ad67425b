#pragma once

#include <heed/core/types.hpp>

#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace heed { inline namespace v0_2 {

/// The path of a parameter through its model, such as `decoder.scorer.W`. Costs nothing until it is asked for.
class ParameterName {
 public:
  ParameterName() = default;
  /// The name of a member of what `parent` names; or of an element, by its place. Refers to both.
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

/// The purpose of a parameter, which decides how it starts (training/initialization.hpp).
enum class ParameterRole {
  constructed,    ///< it keeps the value that the part was constructed with
  bias,           ///< added to a product
  gain,           ///< of a layer normalisation
  weight,         ///< a matrix that multiplies an input
  recurrent,      ///< square matrices, one for each gate, that multiply the previous hidden state
  embedding,      ///< a column for each word
  scorer_weight,  ///< a matrix of a scoring function
  scorer_vector   ///< the vector v of an additive scoring function
};

/// A part: a struct of weights (kernels/weight.hpp) and Eigen matrices with one `visit_parameters(visit, self...)` that names them.
///
/// The pack holds several of the same type (model, gradient, the optimiser's moments), visited in step. Single numbers
/// that are not learned (a size, a rate) are named too, and passed over.
///
/// | member                             | meaning                                                                 |
/// |------------------------------------|-------------------------------------------------------------------------|
/// | `visit_parameters(visit, self...)` | calls visit("W", self.W...) for every matrix, part and setting          |
/// | `role(name)`                       | static: how the parameter `name` starts; without it, as constructed     |
/// | `Scalar`, `S`                      | what it computes with                                                   |
/// | `constructor`                      | takes sizes and parts; what is learned is zero, unless the part differs |
/// | `size()`                           | rows of what it reads, where these are as many as it writes             |
/// | `input_size()`, `output_size()`    | rows of what it reads and of what it writes                             |
/// | `Tape`                             | the workspace of its calls                                              |
template <class T>
concept Part = requires(T& part, detail::AnyVisit visit) {
  T::visit_parameters(visit, part);
};

namespace detail {

/// A member that holds a learned matrix together with a copy of it (kernels/weight.hpp).
template <class T>
concept WeightMember = requires(T& weight) {
  weight.prepack();
  weight.edit();
};

/// The matrix of a member; a weight gives write access unless it is const.
template <class Member>
auto& matrix_of(Member& member) {
  if constexpr (!WeightMember<std::remove_const_t<Member>>) {
    return member;
  } else if constexpr (std::is_const_v<Member>) {
    return member.values();
  } else {
    return member.edit();
  }
}

inline void require_same_structure(bool same, const ParameterName& name) {
  require(same, [&] { return "parts that are visited together have different numbers of parts in " + name.str(); });
}

template <class F, class First, class... Rest>
void visit_in_step(const F& f, const ParameterName& name, First& first, Rest&... rest) {
  using T = std::remove_const_t<First>;
  if constexpr (Part<T>) {
    T::visit_parameters(
        [&](std::string_view child, auto&... member) { visit_in_step(f, ParameterName(name, child), member...); },
        first, rest...);
  } else if constexpr (is_vector<T>) {
    require_same_structure(((rest.size() == first.size()) && ...), name);
    for (std::size_t i = 0; i < first.size(); ++i) visit_in_step(f, ParameterName(name, i), first[i], rest[i]...);
  } else if constexpr (is_optional<T>) {
    require_same_structure(((rest.has_value() == first.has_value()) && ...), name);
    if (first) visit_in_step(f, name, *first, *rest...);
  } else if constexpr (!std::is_arithmetic_v<T>) {  // numbers are settings
    if (first.size() > 0) f(name, first, rest...);  // an absent bias has size 0 and is no parameter
  }
}

}  // namespace detail

/// Calls `f(name, matrix...)` for every parameter of `part`, with the same parameter of each of `others`.
///
/// All must have the same structure (be copies of one another). Throws if they have different numbers of parts, or if the
/// part was converted to 16 bits (models/prepack.hpp). A part that is not const loses its prepacked copies. Does not allocate.
template <class F, Part P, class... Others>
void for_each_parameter(const F& f, P& part, Others&... others) {
  detail::visit_in_step([&](const ParameterName& name, auto&... member) { f(name, detail::matrix_of(member)...); },
                        ParameterName{}, part, others...);
}

namespace detail {

/// The same with the members themselves: f is given a weight where it is one.
template <class F, Part P, class... Others>
void for_each_member(const F& f, P& part, Others&... others) {
  visit_in_step(f, ParameterName{}, part, others...);
}

/// Throws unless the gradient `grad`, an argument of a function, has the parameters of its model. Does not allocate.
template <Part P, Part G>
void check_grad(const char* function, const P& part, const G& grad) {
  for_each_member(
      [&](const ParameterName& name, const auto& x, const auto& d) {
        if (d.rows() == x.rows() && d.cols() == x.cols()) return;
        fail_size(function, ("grad." + name.str()).c_str(), d.rows(), d.cols(), x.rows(), x.cols());
      },
      part, grad);
}

}  // namespace detail

/// One of `count` equal shares of the numbers of a part, for threads that work on it together.
struct Share {
  Index index = 0, count = 1;  ///< share `index`, from 0, of `count`
};

/// That share of a matrix, as one column.
template <class X>
auto share_of(X& x, Share share) {
  using Plain = std::remove_const_t<X>;
  using Column = Vector<typename Plain::Scalar>;
  const Index begin = x.size() * share.index / share.count, end = x.size() * (share.index + 1) / share.count;
  return Eigen::Map<std::conditional_t<std::is_const_v<X>, const Column, Column>>(x.data() + begin, end - begin);
}

/// How many numbers a part learns.
template <Part P>
Index parameter_count(const P& part) {
  Index count = 0;
  detail::for_each_member([&](const ParameterName&, const auto& x) { count += x.size(); }, part);
  return count;
}

/// Every parameter, or that share of it, becomes zero.
template <Part P>
void set_zero(P& part, Share share = {}) {
  for_each_parameter([&](const ParameterName&, auto& x) { share_of(x, share).setZero(); }, part);
}

/// The gradient of a model is a model: this makes one, all zeros.
template <Part P>
P zeros_like(const P& part) {
  P result = part;
  detail::for_each_member(
      []<class Member>(const ParameterName&, Member& member) {
        if constexpr (detail::WeightMember<Member>) {
          member = Member(member.rows(), member.cols());  // frees the room of a copy, too
        } else {
          member.setZero();
        }
      },
      result);
  return result;
}

/// total += part, parameter by parameter.
template <Part P>
void add(const P& part, P& total, Share share = {}) {
  for_each_parameter(
      [&](const ParameterName&, auto& sum, const auto& x) { share_of(sum, share) += share_of(x, share); }, total, part);
}

/// Every parameter is multiplied by a number.
template <class S, Part P>
void scale(P& part, S factor) {
  for_each_parameter([&](const ParameterName&, auto& x) { x *= factor; }, part);
}

/// The sum of all squares, in double whatever the scalar.
template <Part P>
double squared_norm(const P& part, Share share = {}) {
  double sum = 0;
  for_each_parameter(
      [&](const ParameterName&, const auto& x) { sum += static_cast<double>(share_of(x, share).squaredNorm()); }, part);
  return sum;
}

/// Whether every parameter is a finite number.
template <Part P>
bool all_finite(const P& part) {
  bool finite = true;
  for_each_parameter([&](const ParameterName&, const auto& x) { finite = finite && x.allFinite(); }, part);
  return finite;
}

}}  // namespace heed::v0_2
