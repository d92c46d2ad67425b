#pragma once

#include <heed/io/pytorch_names.hpp>
#include <heed/io/pytorch_test_vector.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heed { inline namespace v0_2 {

/// Options of `from_pytorch` and `to_pytorch`.
struct PytorchOptions {
  PytorchNames names = {};         ///< names in the state dict that differ from heed's
  bool strict = true;              ///< `from_pytorch`: whether missing and unexpected tensors are errors
  PytorchTokenOrders tokens = {};  ///< token ids of embeddings and output layers, by their paths in the model
  bool scorer_biases = false;      ///< `to_pytorch`: whether all modules of general scorers, of additive scorers
                                   ///< with b and of attention pooling have a bias
};

/// Differences between a state dict and a model, by the names of the state dict. With `strict`, `missing` and
/// `unexpected` are empty, because `from_pytorch` throws instead.
struct PytorchReport {
  std::vector<std::string> missing;     ///< not in the file; these parameters of the model do not change
  std::vector<std::string> unexpected;  ///< in the file, but not in the model
  std::vector<std::string> notes;       ///< a sentence for each tensor that was changed when it was copied
};

namespace detail {

using TensorShape = std::vector<std::uint64_t>;

/// True if the tensor is the transposed parameter.
inline bool is_transposed(const PytorchTensor& tensor) {
  return tensor.form == PytorchForm::row || tensor.form == PytorchForm::transposed;
}

/// The shape of a parameter x in the state dict.
template <class X>
TensorShape pytorch_shape(const PytorchTensor& tensor, const X& x) {
  auto rows = static_cast<std::uint64_t>(x.rows()), cols = static_cast<std::uint64_t>(x.cols());
  if (is_transposed(tensor)) std::swap(rows, cols);
  if (tensor.tokens != nullptr) rows = static_cast<std::uint64_t>(tensor.tokens->pytorch_size());
  return tensor.form == PytorchForm::vector ? TensorShape{rows} : TensorShape{rows, cols};
}

/// The number of elements of a tensor (n), (n, 1) or (1, n); none for other shapes.
inline std::optional<std::uint64_t> vector_size(const TensorShape& shape) {
  if (shape.size() == 1) return shape[0];
  if (shape.size() == 2 && (shape[0] == 1 || shape[1] == 1)) return shape[0] == 1 ? shape[1] : shape[0];
  return std::nullopt;
}

/// True if a tensor of shape `stored` holds the elements of a tensor of shape `shape` in the same order. A vector may
/// be (n), (n, 1) or (1, n). A matrix with one row or one column may also be (n), but not transposed.
inline bool same_elements(PytorchForm form, const TensorShape& stored, const TensorShape& shape) {
  if (stored == shape) return true;
  const bool vector = form == PytorchForm::vector || form == PytorchForm::row;
  return (vector || stored.size() == 1) && vector_size(shape) && vector_size(stored) == vector_size(shape);
}

/// Compares a stored tensor with the parameter x and adds differences to `misfits`. Returns true if it can be loaded.
template <class X>
bool fits(const PytorchTensor& tensor, const TensorView& stored, const X& x, Misfits& misfits) {
  const auto shape = pytorch_shape(tensor, x);
  const bool same_shape = same_elements(tensor.form, stored.shape, shape);
  if (!same_shape) {
    misfits.add("shape: " + std::string(stored.name) + " is " + shape_text(shape) + " in the model, as " + tensor.ours +
                ", and " + shape_text(stored.shape) + " in the file");
  }
  if (!is_real(stored.dtype)) {
    misfits.add("type: " + std::string(stored.name) + " is " + dtype_text(stored) +
                " in the file; expected F16, BF16, F32 or F64");
  }
  return same_shape && is_real(stored.dtype);
}

/// Returns a tensor that `fits` as a matrix of the shape that the model expects.
inline Matrix<double> read_as(const TensorView& stored, TensorShape shape) {
  TensorView view = stored;
  view.shape = std::move(shape);
  return read_matrix<double>(view);
}

/// Calls use(tensor, x) for every parameter x of a part, with the token ids of `options`. Throws if these are for a
/// path without parameters, or for a vocabulary of another size.
template <class P, class Use>
void for_each_pytorch_tensor(P& part, std::string_view prefix, const PytorchOptions& options, const Use& use) {
  std::set<std::string_view> used;
  const auto with_tokens = [&]<class X>(PytorchTensor tensor, X& x) {
    for (const auto& [path, tokens] : options.tokens) {
      if (tensor.ours != path && !tensor.ours.starts_with(joined(path, ""))) continue;
      const Index size = tensor.form == PytorchForm::transposed ? x.cols() : x.rows(), expected = tokens.size();
      require(size == expected, [&, &name = path] {
        return "PyTorch tokens of " + in_quotes(name) + ": " + tensor.ours + " must have a vocabulary of " +
               std::to_string(expected) + ", got " + std::to_string(size);
      });
      tensor.tokens = &tokens;
      used.insert(path);
    }
    use(std::as_const(tensor), x);
  };
  PytorchVisitor(options.names, with_tokens).part(part, "", std::string(prefix));
  for (const auto& entry : options.tokens) {
    require(used.contains(entry.first),
            [&] { return "PyTorch tokens of " + in_quotes(entry.first) + ": the model has no parameters there"; });
  }
}

/// The tensors of a file that hold a parameter: its own, and a bias that is added to it. Null if the file lacks one.
struct StoredParts {
  const TensorView *own, *added;

  StoredParts(const SafetensorsFile& file, const PytorchTensor& tensor)
      : own(find(file, tensor.theirs)), added(find(file, tensor.added)) {}

  static const TensorView* find(const SafetensorsFile& file, const std::string& name) {
    const auto found = name.empty() ? file.tensors().end() : file.tensors().find(name);
    return found == file.tensors().end() ? nullptr : &found->second;
  }

  bool none() const { return own == nullptr && added == nullptr; }

  /// The sum of both, in a shape that `pytorch_shape` returned.
  Matrix<double> sum(const TensorShape& shape) const {
    if (own == nullptr || added == nullptr) return read_as(own == nullptr ? *added : *own, shape);
    return read_as(*own, shape) + read_as(*added, shape);
  }
};

/// The value of the parameters of a symbol that the PyTorch model lacks.
inline double missing_value(const PytorchTensor& tensor) {
  return tensor.form == PytorchForm::vector ? PytorchTokens::absent_logit : 0;
}

/// Returns a function that sets x to the stored values of a parameter that `fits`. The function does not allocate. x
/// must outlive it.
template <class X>
std::function<void()> reader(const PytorchTensor& tensor, const StoredParts& stored, X& x) {
  using S = typename X::Scalar;
  if (tensor.tokens == nullptr && stored.added == nullptr) {
    const TensorView& own = *stored.own;
    if (is_transposed(tensor)) return [&own, &x] { read_into(own, x.transpose()); };
    return [&own, &x] { read_into(own, x); };
  }
  Matrix<double> values = stored.sum(pytorch_shape(tensor, x));
  if (tensor.tokens != nullptr) values = in_heed_order(*tensor.tokens, values, missing_value(tensor));
  if (is_transposed(tensor)) values.transposeInPlace();
  return [ready = Matrix<S>(values.template cast<S>()), &x] { x = ready; };
}

/// Sets the parameters of the symbols that the PyTorch model lacks.
template <class X>
void set_missing_symbols(const PytorchTensor& tensor, X& x) {
  for (Index i = 0; i <= symbols::eos; ++i) {
    if (at(tensor.tokens->rows(), i) != PytorchTokens::absent) continue;
    const auto value = static_cast<typename X::Scalar>(missing_value(tensor));
    if (is_transposed(tensor)) {
      x.col(i).setConstant(value);
    } else {
      x.row(i).setConstant(value);
    }
  }
}

}  // namespace detail

/// Loads `part`, a layer or a model, from the state dict in a file: from the tensors under `prefix`, or from all
/// tensors except those of a test vector. The sizes of `part` must be set. Values are converted to its scalar type.
///
///     from_pytorch(file, encoder, "encoder.gru");
///     from_pytorch(file, model, "", {.names = {{"decoder.stack", "decoder.gru"}}});
///
/// Some tensors need not have the form of the parameter. `notes` of the report names them:
///
/// - A vector may have the shape (n), (n, 1) or (1, n). A matrix with one row or one column may have the shape (n).
/// - The modules of an `AdditiveScorer` with b may all have a bias: that of W is added to that of U, which is b.
/// - A bias of v of a scorer or of an `AttentionPooling`, and the bias of a `GeneralScorer`, is ignored. It adds one
///   value to all scores of a query, which does not change the weights. Inside a `MonotonicAttention`, whose weights
///   depend on it, it is unexpected.
/// - Rows of embeddings and output layers are brought into the order of heed's tokens with `PytorchOptions::tokens`.
///
/// Throws heed::Error with a list of all mismatches: missing and unexpected tensors (only if `strict`), different
/// shapes, types other than F16, BF16, F32 and F64, values that are not finite. Also throws if token ids do not match a
/// vocabulary of the model. `part` changes only if there is no mismatch. A tied output layer and a shared source
/// embedding may be missing in the file; if one is present, it must equal the target embedding.
template <Part P>
PytorchReport from_pytorch(const SafetensorsFile& file, P& part, std::string_view prefix = "",
                           const PytorchOptions& options = {}) {
  detail::Misfits misfits;
  detail::TensorNames wanted;
  PytorchReport report;
  const auto find = [&](const std::string& name) { return detail::StoredParts::find(file, name); };
  const auto check = [&]<class X>(const detail::PytorchTensor& tensor, const X& x) {
    for (const auto& name : {tensor.theirs, tensor.added, tensor.ignored}) {
      if (!name.empty()) wanted.insert(name);
    }
    if (const TensorView* ignored = find(tensor.ignored)) {
      const detail::PytorchTensor bias{"the bias of " + tensor.ours, "", detail::PytorchForm::vector};
      if (!detail::fits(bias, *ignored, Vector<double>::Zero(tensor.ignored_size).eval(), misfits)) return;
      report.notes.push_back(tensor.ignored + " was ignored: it adds one value to all scores of a query, and the " +
                             "attention weights do not depend on it");
    }
    const auto shape = detail::pytorch_shape(tensor, x);
    const detail::StoredParts stored(file, tensor);
    if (stored.none()) {
      if (!tensor.same.empty()) return;
      report.missing.push_back(tensor.theirs);
      if (options.strict) {
        misfits.add("missing: " + tensor.theirs + ' ' + detail::shape_text(shape) + ", which is " + tensor.ours);
      }
      return;
    }
    for (const TensorView* view : {stored.own, stored.added}) {
      if (view == nullptr) continue;
      if (!detail::fits(tensor, *view, x, misfits)) return;
      if (view->shape == shape) continue;
      report.notes.push_back(std::string(view->name) + " is " + detail::shape_text(view->shape) +
                             " in the file and was read as " + detail::shape_text(shape));
    }
    if (stored.added != nullptr) {
      report.notes.push_back(tensor.added + " was added to " + tensor.theirs +
                             ": the model has one bias for the sum, " + tensor.ours);
    }
    const Matrix<double> values = stored.sum(shape);
    misfits.add_unless_finite<typename X::Scalar>(tensor.theirs, values);
    const TensorView* same = find(tensor.same);
    if (same == nullptr || same->shape != shape || !detail::is_real(same->dtype)) return;
    if (read_matrix<double>(*same) != values) {
      misfits.add("tied: " + tensor.theirs + " differs from " + tensor.same +
                  " in the file, but the model has one matrix for both");
    }
  };
  detail::for_each_pytorch_tensor(std::as_const(part), prefix, options, check);
  for (const TensorView* stored : detail::unwanted(file, prefix, wanted)) {
    if (stored->name.starts_with(detail::test_vector_prefix)) continue;
    report.unexpected.emplace_back(stored->name);
    if (options.strict) misfits.add_unexpected(*stored);
  }
  misfits.fail_if_any(file.name());
  std::vector<std::function<void()>> reads;  // everything that allocates runs before the first read
  detail::for_each_pytorch_tensor(part, prefix, options, [&]<class X>(const detail::PytorchTensor& tensor, X& x) {
    if (!tensor.same.empty()) return;
    if (const detail::StoredParts stored(file, tensor); !stored.none()) {
      reads.push_back(detail::reader(tensor, stored, x));
    } else if (tensor.tokens != nullptr) {
      reads.emplace_back([tensor, &x] { detail::set_missing_symbols(tensor, x); });
    }
  });
  for (const auto& read : reads) read();
  return report;
}

/// Adds the parameters of `part` to a state dict under `prefix`. PyTorch's `load_state_dict(..., strict=True)` accepts
/// it. Throws heed::Error if token ids do not match a vocabulary of the model.
///
/// Both biases of a cell are written, so a loaded state dict is written back with the same values, in the scalar type
/// of `part`. With `scorer_biases` the biases that heed ignores or adds to another are written as 0.
template <Part P>
void to_pytorch(SafetensorsWriter& writer, const P& part, std::string_view prefix = "",
                const PytorchOptions& options = {}) {
  const auto use = [&]<class X>(const detail::PytorchTensor& tensor, const X& x) {
    using S = typename X::Scalar;
    if (tensor.same == tensor.theirs) return;
    Matrix<S> values = x;
    if (detail::is_transposed(tensor)) values.transposeInPlace();
    if (tensor.tokens != nullptr) values = detail::in_pytorch_order(*tensor.tokens, values);
    if (tensor.form == detail::PytorchForm::vector) {
      writer.add(tensor.theirs, Vector<S>(values));
    } else {
      writer.add(tensor.theirs, values);
    }
    if (!options.scorer_biases) return;
    if (!tensor.added.empty()) writer.add(tensor.added, Vector<S>::Zero(values.rows()).eval());
    if (!tensor.ignored.empty()) writer.add(tensor.ignored, Vector<S>::Zero(tensor.ignored_size).eval());
  };
  detail::for_each_pytorch_tensor(part, prefix, options, use);
}

}}  // namespace heed::v0_2
