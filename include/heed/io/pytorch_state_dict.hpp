#pragma once

#include <heed/io/pytorch_names.hpp>
#include <heed/io/pytorch_test_vector.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace heed { inline namespace v0_2 {

/// Options of `from_pytorch`.
struct PytorchOptions {
  PytorchNames names = {};  ///< names in the state dict that differ from heed's
  bool strict = true;       ///< whether missing and unexpected tensors are errors
};

/// Differences between a state dict and a model, by the names of the state dict. Empty with `strict`, which throws
/// instead.
struct PytorchReport {
  std::vector<std::string> missing;     ///< not in the file; these parameters of the model do not change
  std::vector<std::string> unexpected;  ///< in the file, but not in the model
};

namespace detail {

template <class X>
std::vector<std::uint64_t> pytorch_shape(PytorchForm form, const X& x) {
  const auto rows = static_cast<std::uint64_t>(x.rows()), cols = static_cast<std::uint64_t>(x.cols());
  if (form == PytorchForm::vector) return {rows};
  if (form == PytorchForm::matrix) return {rows, cols};
  return {cols, rows};
}

/// Compares a stored tensor with the parameter x and adds differences to `misfits`. Returns true if it can be loaded.
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

/// Loads `part`, a layer or a model, from the state dict in a file: from the tensors under `prefix`, or from all
/// tensors except those of a test vector. The sizes of `part` must be set. Values are converted to its scalar type.
///
///     from_pytorch(file, encoder, "encoder.gru");
///     from_pytorch(file, model, "", {.names = {{"decoder.stack", "decoder.gru"}}});
///
/// Throws heed::Error with a list of all mismatches: missing and unexpected tensors (only if `strict`), different
/// shapes, types other than F16, BF16, F32 and F64, values that are not finite. `part` changes only if there is no
/// mismatch. A tied output layer may be missing in the file; if it is present, it must equal the embedding.
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
                    " in the file, but the model has one matrix for both");
      }
    }
  });
  for (const TensorView* stored : detail::unwanted(file, prefix, wanted)) {
    if (stored->name.starts_with(detail::test_vector_prefix)) continue;
    report.unexpected.emplace_back(stored->name);
    if (options.strict) misfits.add_unexpected(*stored);
  }
  misfits.fail_if_any(file.name());
  std::vector<std::function<void()>> reads;  // everything that allocates runs before the first read
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

/// Adds the parameters of `part` to a state dict under `prefix`. PyTorch's `load_state_dict(..., strict=True)` accepts
/// it.
///
/// Both biases of a cell are written, so a loaded state dict is written back with the same values, in the scalar type
/// of `part`.
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
