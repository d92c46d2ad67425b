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

/// The path of a parameter in its model, such as `decoder.scorer.W`. The string is built only when `str` is called.
class ParameterName {
 public:
  ParameterName() = default;
  /// The name of a member of `parent`, or of an element by its index. Refers to `parent` and to `name`, without a copy.
  ParameterName(const ParameterName& parent, std::string_view name) : parent_(&parent), name_(name) {}
  ParameterName(const ParameterName& parent, std::size_t index) : parent_(&parent), index_(index), indexed_(true) {}

  /// The last part of the path: `W`; empty if it is an index.
  std::string_view leaf() const { return name_; }

  /// The full path.
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

/// A visitor that does nothing, to test whether a type has `visit_parameters`.
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

/// The role of a parameter, which decides its initial values (training/initialization.hpp).
enum class ParameterRole {
  constructed,     ///< keeps the value that the constructor sets
  bias,            ///< added to a product
  gain,            ///< the gain of a layer normalisation
  weight,          ///< a matrix that multiplies an input
  recurrent,       ///< square matrices, one for each gate, that multiply the previous hidden state
  embedding,       ///< one column per word
  tied_embedding,  ///< one column per word, also the weight of an output layer
  scorer_weight,   ///< a matrix of a scoring function
  scorer_vector    ///< the vector v of an additive scoring function
};

/// A part of a model, or the whole model: a struct of weights (kernels/weight.hpp) and Eigen matrices with a static
/// function `visit_parameters(visit, self...)`. It calls visit(name, member...) for each member.
///
/// `self...` are objects of the same type (model, gradient, moments of the optimiser), which are visited together.
/// Arithmetic settings that are not learned (a size, a rate) are visited too; `for_each_parameter` skips them.
///
/// In the body of a backward function, `// was: f` names the operation of the forward function that the line
/// differentiates.
///
/// | member                             | meaning                                                                     |
/// |------------------------------------|-----------------------------------------------------------------------------|
/// | `visit_parameters(visit, self...)` | calls visit("W", self.W...) for every matrix, part and setting              |
/// | `role(name)`                       | the role of the parameter `name`; without it, all are `constructed`         |
/// | `Scalar`, `S`                      | the scalar type of the parameters and of the computation                    |
/// | `constructor`                      | takes sizes and parts; parameters are zero unless the part states otherwise |
/// | `size()`                           | the rows of the input and of the output, if they are equal                  |
/// | `input_size()`, `output_size()`    | the rows of the input and of the output                                     |
/// | `Tape`                             | the workspace of its calls: saved activations and temporary buffers         |
template <class T>
concept Part = requires(T& part, detail::AnyVisit visit) {
  T::visit_parameters(visit, part);
};

namespace detail {

/// A member that holds a weight matrix and an optional prepacked copy of it (kernels/weight.hpp).
template <class T>
concept WeightMember = requires(T& weight) {
  weight.prepack();
  weight.edit();
};

/// The matrix of a member. For a weight, these are its values, which are writable unless the weight is const.
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
  require(same, [&] {
    return "for_each_parameter: all objects must have the same structure, but their sizes differ in " + name.str();
  });
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
  } else if constexpr (!std::is_arithmetic_v<T>) {  // arithmetic members are settings
    if (first.size() > 0) f(name, first, rest...);  // an absent bias has size 0 and is skipped
  }
}

}  // namespace detail

/// Calls `f(name, matrix...)` for every parameter of `part` and the same parameter of each of `others`.
///
/// All must have the same structure, such as a model and its gradient. Throws heed::Error if their numbers of layers or
/// their optional members differ, or if a weight was converted to 16 bits (models/prepack.hpp). The sizes of the
/// matrices are not checked. If an object is not const, the prepacked copies of its weights are dropped. Does not
/// allocate.
template <class F, Part P, class... Others>
void for_each_parameter(const F& f, P& part, Others&... others) {
  detail::visit_in_step([&](const ParameterName& name, auto&... member) { f(name, detail::matrix_of(member)...); },
                        ParameterName{}, part, others...);
}

namespace detail {

/// Like `for_each_parameter`, but calls f with the members: a weight is passed as a `Weight`, not as its matrix.
template <class F, Part P, class... Others>
void for_each_member(const F& f, P& part, Others&... others) {
  visit_in_step(f, ParameterName{}, part, others...);
}

/// Throws unless the parameters of the gradient `grad`, an argument of `function`, have the sizes of those of `part`.
/// Does not allocate.
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

/// One of `count` equal shares of the elements of every parameter, for threads that process a part together.
struct Share {
  Index index = 0, count = 1;  ///< share `index`, counted from 0, of `count`
};

/// A share of the elements of a matrix, as one column. Refers to the matrix.
template <class X>
auto share_of(X& x, Share share) {
  using Plain = std::remove_const_t<X>;
  using Column = Vector<typename Plain::Scalar>;
  const Index begin = x.size() * share.index / share.count, end = x.size() * (share.index + 1) / share.count;
  return Eigen::Map<std::conditional_t<std::is_const_v<X>, const Column, Column>>(x.data() + begin, end - begin);
}

/// The number of elements of all parameters of a part.
template <Part P>
Index parameter_count(const P& part) {
  Index count = 0;
  detail::for_each_member([&](const ParameterName&, const auto& x) { count += x.size(); }, part);
  return count;
}

/// Sets every parameter, or a share of it, to zero.
template <Part P>
void set_zero(P& part, Share share = {}) {
  for_each_parameter([&](const ParameterName&, auto& x) { share_of(x, share).setZero(); }, part);
}

/// A copy of `part` with all parameters zero, for use as its gradient: the gradient of a model has the type of the
/// model.
template <Part P>
P zeros_like(const P& part) {
  P result = part;
  detail::for_each_member(
      []<class Member>(const ParameterName&, Member& member) {
        if constexpr (detail::WeightMember<Member>) {
          member = Member(member.rows(), member.cols());  // also frees the memory of a prepacked copy
        } else {
          member.setZero();
        }
      },
      result);
  return result;
}

/// Adds every parameter of `part`, or a share of it, to the same parameter of `total`.
template <Part P>
void add(const P& part, P& total, Share share = {}) {
  for_each_parameter(
      [&](const ParameterName&, auto& sum, const auto& x) { share_of(sum, share) += share_of(x, share); }, total, part);
}

/// Multiplies every parameter by `factor`.
template <class S, Part P>
void scale(P& part, S factor) {
  for_each_parameter([&](const ParameterName&, auto& x) { x *= factor; }, part);
}

/// The sum of the squares of all parameters, or of a share of each. Every matrix is summed in its scalar type; the sums
/// of the matrices are added in double.
template <Part P>
double squared_norm(const P& part, Share share = {}) {
  double sum = 0;
  for_each_parameter(
      [&](const ParameterName&, const auto& x) { sum += static_cast<double>(share_of(x, share).squaredNorm()); }, part);
  return sum;
}

/// Whether all elements of all parameters are finite.
template <Part P>
bool all_finite(const P& part) {
  bool finite = true;
  for_each_parameter([&](const ParameterName&, const auto& x) { finite = finite && x.allFinite(); }, part);
  return finite;
}

}}  // namespace heed::v0_2
