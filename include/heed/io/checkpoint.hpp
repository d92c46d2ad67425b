#pragma once

#include <heed/core/parameters.hpp>
#include <heed/io/safetensors.hpp>

#include <algorithm>
#include <set>
#include <vector>

namespace heed { inline namespace v0_2 {

namespace detail {

inline std::string joined(std::string_view prefix, std::string_view name) {
  return std::string(prefix).append(prefix.empty() ? "" : ".").append(name);
}

/// List of the mismatches between a model and a file, one line each. Its length is limited, because the file may be
/// malicious.
class Misfits {
 public:
  void add(const std::string& problem) {
    if (++count_ <= max_listed) list_ += "\n  " + problem;
  }
  void add_unexpected(const TensorView& stored) {
    add("unexpected: " + in_quotes(stored.name) + ' ' + shape_text(stored.shape));
  }
  /// Adds the first value that is not finite, or that is not finite after conversion to S.
  template <class S, class Stored>
  void add_unless_finite(const std::string& name, const Matrix<Stored>& values) {
    for (Index i = 0; i < values.rows(); ++i) {
      for (Index j = 0; j < values.cols(); ++j) {
        if ((Eigen::numext::isfinite)(static_cast<S>(values(i, j)))) continue;
        const bool large = (Eigen::numext::isfinite)(values(i, j));
        return add((large ? "too large for the model's type: " : "not finite: ") + name + " holds " +
                   number_text(static_cast<double>(values(i, j))) + " at (" + std::to_string(i) + ", " +
                   std::to_string(j) + ')');
      }
    }
  }
  void fail_if_any(const std::string& file) const {
    if (count_ == 0) return;
    const std::string rest = count_ > max_listed ? "\n  and " + std::to_string(count_ - max_listed) + " more" : "";
    fail(file + " does not fit the model:" + list_ + rest);
  }

 private:
  static constexpr std::size_t max_listed = 1000;
  std::size_t count_ = 0;
  std::string list_;
};

using TensorNames = std::set<std::string, std::less<>>;

/// Returns the tensors under `prefix` whose names are not in `wanted`.
inline std::vector<const TensorView*> unwanted(const SafetensorsFile& file, std::string_view prefix,
                                               const TensorNames& wanted) {
  const std::string below = joined(prefix, "");
  std::vector<const TensorView*> result;
  for (const auto& [name, stored] : file.tensors()) {
    if (name.starts_with(below) && !wanted.contains(name)) result.push_back(&stored);
  }
  return result;
}

/// Returns true if a stored shape is that of `x`. A single column may be stored as (n) or (n, 1), so that models with
/// static sizes and models with dynamic sizes can load each other's files.
template <class X>
bool same_shape(const std::vector<std::uint64_t>& stored, const X& x) {
  const auto rows = static_cast<std::uint64_t>(x.rows()), cols = static_cast<std::uint64_t>(x.cols());
  if (stored.size() == 1) return stored[0] == rows && cols == 1;
  return stored.size() == 2 && stored[0] == rows && stored[1] == cols;
}

template <class X>
std::string shape_of(const X& x) {
  const std::string rows = std::to_string(x.rows());
  return X::ColsAtCompileTime == 1 ? '(' + rows + ')' : '(' + rows + ", " + std::to_string(x.cols()) + ')';
}

}  // namespace detail

/// Adds every parameter of `part`, a layer or a model, to a file under its name, such as `decoder.scorer.W`. If
/// `prefix` is not empty, it comes before the name, with a dot between them.
template <Part P>
void save_parameters(SafetensorsWriter& writer, const P& part, std::string_view prefix = "") {
  for_each_parameter(
      [&](const ParameterName& name, const auto& x) { writer.add(detail::joined(prefix, name.str()), x); }, part);
}

/// Loads every parameter of `part` from the tensors that `save_parameters` wrote. The sizes of `part` must be set.
///
/// Throws heed::Error with a list of all mismatches: missing tensors, unexpected tensors under `prefix`, different
/// shapes, different types (values are never converted), values that are not finite. `part` changes only if there is no
/// mismatch.
template <Part P>
void load_parameters(const SafetensorsFile& file, P& part, std::string_view prefix = "") {
  detail::Misfits misfits;
  detail::TensorNames wanted;
  std::vector<const TensorView*> tensors;  // in the order of the parameters
  for_each_parameter(
      [&]<class X>(const ParameterName& parameter, const X& x) {
        using S = typename X::Scalar;
        const std::string name = detail::joined(prefix, parameter.str());
        wanted.insert(name);
        const auto found = file.tensors().find(name);
        if (found == file.tensors().end()) {
          misfits.add("missing: " + name + ' ' + detail::shape_of(x));
          return;
        }
        const TensorView& stored = found->second;
        const bool same_type = stored.dtype == dtype_of<S>(), same_shape = detail::same_shape(stored.shape, x);
        if (!same_shape) {
          misfits.add("shape: " + name + " is " + detail::shape_of(x) + " in the model and " +
                      detail::shape_text(stored.shape) + " in the file");
        }
        if (!same_type) {
          misfits.add("type: " + name + " is " + std::string(dtype_name(dtype_of<S>())) + " in the model and " +
                      detail::dtype_text(stored) + " in the file");
        }
        if (!same_type || !same_shape) return;
        misfits.add_unless_finite<S>(name, read_matrix<S>(stored));
        tensors.push_back(&stored);
      },
      std::as_const(part));
  for (const auto* stored : detail::unwanted(file, prefix, wanted)) misfits.add_unexpected(*stored);
  misfits.fail_if_any(file.name());
  auto next = tensors.begin();  // from here on nothing fails
  for_each_parameter([&](const ParameterName&, auto& x) { detail::read_into(**next++, x); }, part);
}

}}  // namespace heed::v0_2
