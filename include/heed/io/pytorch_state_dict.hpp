#pragma once

#include <heed/io/pytorch_names.hpp>
#include <heed/io/pytorch_test_vector.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace heed { inline namespace v0_2 {

/// How a state dict is read.
struct PytorchOptions {
  PytorchNames names = {};  ///< what it calls parts otherwise
  bool strict = true;       ///< whether a tensor that is missing or not expected is an error
};

/// What of a state dict and a model did not meet, by the state dict's names. With `strict` there is nothing to report.
struct PytorchReport {
  std::vector<std::string> missing;     ///< what the model wants; such parameters are left as they were
  std::vector<std::string> unexpected;  ///< what the file has
};

namespace detail {

template <class X>
std::vector<std::uint64_t> pytorch_shape(PytorchForm form, const X& x) {
  const auto rows = static_cast<std::uint64_t>(x.rows()), cols = static_cast<std::uint64_t>(x.cols());
  if (form == PytorchForm::vector) return {rows};
  if (form == PytorchForm::matrix) return {rows, cols};
  return {cols, rows};
}

/// Holds a stored tensor against the parameter x that it is to fill. Whether it may be read.
template <class X>
bool fits(const PytorchTensor& tensor, const TensorView& stored, const X& x, Misfits& misfits) {
  const auto shape = pytorch_shape(tensor.form, x);
  if (stored.shape != shape) {
    misfits.add("shape: " + tensor.theirs + " is " + shape_text(shape) + " in the model, as " + tensor.ours + ", and " +
                shape_text(stored.shape) + " in the file");
  }
  if (!is_real(stored.dtype)) {
    misfits.add("type: " + tensor.theirs + " is " + dtype_text(stored) +
                " in the file; expected F16, BF16, F32 or F64");
  }
  return stored.shape == shape && is_real(stored.dtype);
}

}  // namespace detail

/// Fills a part, whose sizes must be set, from the state dict in a file: its tensors under `prefix`, or all of them but
/// those of a test vector. Numbers are converted to the part's scalar.
///
///     from_pytorch(file, encoder, "encoder.gru");
///     from_pytorch(file, model, "", {.names = {{"decoder.stack", "decoder.gru"}}});
///
/// Throws one error that lists all that does not fit: tensors that are missing or not expected (unless told not to be
/// strict), other shapes, types that are no real numbers, values that are not finite. The part is changed only if all is
/// well. A tied output layer may be left out of the file; if it is there it must equal the embedding.
template <Part P>
PytorchReport from_pytorch(const SafetensorsFile& file, P& part, std::string_view prefix = "",
                           const PytorchOptions& options = {}) {
  detail::Misfits misfits;
  detail::TensorNames wanted;
  PytorchReport report;
  const auto for_each_tensor = [&](auto& p, const auto& use) {
    detail::PytorchVisitor(options.names, use).part(p, "", std::string(prefix));
  };
  for_each_tensor(std::as_const(part), [&]<class X>(const detail::PytorchTensor& tensor, const X& x) {
    wanted.insert(tensor.theirs);
    const auto found = file.tensors().find(tensor.theirs);
    if (found == file.tensors().end()) {
      if (!tensor.same.empty()) return;
      report.missing.push_back(tensor.theirs);
      if (options.strict) {
        misfits.add("missing: " + tensor.theirs + ' ' + detail::shape_text(detail::pytorch_shape(tensor.form, x)) +
                    ", which is " + tensor.ours);
      }
    } else if (detail::fits(tensor, found->second, x, misfits)) {
      const auto values = read_matrix<double>(found->second);
      misfits.add_unless_finite<typename X::Scalar>(tensor.theirs, values);
      const auto same = file.tensors().find(tensor.same);
      if (same == file.tensors().end() || same->second.shape != found->second.shape) return;
      if (detail::is_real(same->second.dtype) && read_matrix<double>(same->second) != values) {
        misfits.add("tied: " + tensor.theirs + " differs from " + tensor.same +
                    " in the file, in the model they are one");
      }
    }
  });
  for (const TensorView* stored : detail::unwanted(file, prefix, wanted)) {
    if (stored->name.starts_with(detail::test_vector_prefix)) continue;
    report.unexpected.emplace_back(stored->name);
    if (options.strict) misfits.add_unexpected(*stored);
  }
  misfits.fail_if_any(file.name());
  std::vector<std::function<void()>> reads;  // all that allocates comes before the first
  for_each_tensor(part, [&]<class X>(const detail::PytorchTensor& tensor, X& x) {
    const auto found = file.tensors().find(tensor.theirs);
    if (found == file.tensors().end() || !tensor.same.empty()) return;
    const TensorView& stored = found->second;
    if (tensor.form == detail::PytorchForm::row || tensor.form == detail::PytorchForm::transposed) {
      reads.emplace_back([&stored, &x] { detail::read_into(stored, x.transpose()); });
    } else {
      reads.emplace_back([&stored, &x] { detail::read_into(stored, x); });
    }
  });
  for (const auto& read : reads) read();
  return report;
}

/// Adds a part to a state dict in the making, under `prefix`: what `load_state_dict(..., strict=True)` takes.
///
/// Both biases of a cell are kept, so that what was read is written back number by number, in the part's scalar.
template <Part P>
void to_pytorch(SafetensorsWriter& writer, const P& part, std::string_view prefix = "",
                const PytorchNames& names = {}) {
  const auto use = [&]<class X>(const detail::PytorchTensor& tensor, const X& x) {
    using S = typename X::Scalar;
    switch (tensor.form) {
      case detail::PytorchForm::vector:
        return writer.add(tensor.theirs, Vector<S>(x));
      case detail::PytorchForm::matrix:
        return writer.add(tensor.theirs, Matrix<S>(x));
      case detail::PytorchForm::row:
      case detail::PytorchForm::transposed:
        return writer.add(tensor.theirs, Matrix<S>(x.transpose()));
    }
  };
  detail::PytorchVisitor(names, use).part(part, "", std::string(prefix));
}

}}  // namespace heed::v0_2
