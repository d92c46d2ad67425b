#pragma once

#include <heed/io/safetensors_reader.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

namespace detail {

/// Prefix of the tensor names of a test vector, which are not part of the state dict.
inline constexpr std::string_view test_vector_prefix = "heed.test.";

/// Converts a tensor of any number of dimensions to a matrix with one column per item. The last dimension is the size
/// of an item; the product of all other dimensions is the number of items. A tensor with one dimension is one item.
template <class S>
Matrix<S> read_items(const SafetensorsFile& file, const TensorView& stored) {
  require(!stored.data.empty(), [&] { return file.name() + ": " + in_quotes(stored.name) + " is empty"; });
  TensorView flat = stored;  // no product below exceeds the number of its bytes, so none overflows
  std::uint64_t items = 1;
  for (std::size_t i = 0; i + 1 < stored.shape.size(); ++i) items *= stored.shape[i];
  flat.shape = {items, stored.shape.empty() ? 1 : stored.shape.back()};
  if (stored.dtype != Dtype::i64) {
    require(is_real(stored.dtype), [&] {
      return file.name() + ": " + in_quotes(stored.name) + " is " + dtype_text(stored) +
             "; expected I64, F16, BF16, F32 or F64";
    });
    return read_matrix<double>(flat).transpose().template cast<S>();
  }
  Matrix<S> words(static_cast<Index>(flat.shape[0]), static_cast<Index>(flat.shape[1]));
  read_numbers<std::int64_t>(flat, words);
  return words.transpose();
}

}  // namespace detail

/// Inputs and outputs of a PyTorch module, which examples/from_pytorch/export.py stores with its state dict. They show
/// that a loaded model computes the same as the module, including settings that a state dict does not contain, such as
/// the activation and the number of heads.
///
/// A tensor (steps, batch, size) becomes a matrix size x (steps * batch) with one column per item: a packed batch of
/// sentences of equal length. Token ids become elements of the matrix; `tokens` returns them.
template <class S>
struct PytorchTestVector {
  std::string file;                ///< name of the file, for messages
  std::vector<Matrix<S>> inputs;   ///< inputs of the module
  std::vector<Matrix<S>> outputs;  ///< outputs of the module

  /// Reads the test vector of a file. Throws heed::Error if there is none.
  static PytorchTestVector read(const SafetensorsFile& file) {
    PytorchTestVector test{file.name(), {}, {}};
    const auto read_all = [&](const std::string& kind, std::vector<Matrix<S>>& all) {
      const auto next = [&] { return std::string(detail::test_vector_prefix) + kind + std::to_string(all.size()); };
      for (auto found = file.tensors().find(next()); found != file.tensors().end();
           found = file.tensors().find(next())) {
        all.push_back(detail::read_items<S>(file, found->second));
      }
      require(!all.empty(), [&] { return file.name() + " has no test vector: there is no tensor " + next(); });
    };
    read_all("input.", test.inputs);
    read_all("output.", test.outputs);
    return test;
  }

  /// Returns input i as token ids, column by column. Throws heed::Error if a value is not a token id.
  std::vector<Token> tokens(std::size_t i) const {
    const Matrix<S>& input = at(inputs, i, "input");
    std::vector<Token> result;
    for (Index k = 0; k < input.size(); ++k) {
      const auto number = static_cast<double>(input.data()[k]);
      require(number >= 0 && number <= std::numeric_limits<Token>::max() && number == std::floor(number), [&] {
        return file + ": input " + std::to_string(i) + " of the test vector contains " + detail::number_text(number) +
               ", which is not a token";
      });
      result.push_back(static_cast<Token>(number));
    }
    return result;
  }

  /// Compares y with output i, e. Throws heed::Error, with the largest difference and its position, unless
  /// |y - e| <= tolerance * max(1, |e|) for all elements, and if the sizes differ.
  void expect(std::size_t i, const In<S>& y, double tolerance = 1e-5) const {
    const Matrix<S>& expected = at(outputs, i, "output");
    const auto who = [&] { return file + ": output " + std::to_string(i) + " of the test vector "; };
    require(y.rows() == expected.rows() && y.cols() == expected.cols(), [&] {
      const auto shape = [](const auto& x) { return std::to_string(x.rows()) + " x " + std::to_string(x.cols()); };
      return who() + "is " + shape(expected) + ", but the result of heed is " + shape(y);
    });
    double most = 0;
    Index row = 0, col = 0;
    for (Index c = 0; c < y.cols(); ++c) {
      for (Index r = 0; r < y.rows(); ++r) {
        const auto e = static_cast<double>(expected(r, c));
        const double difference = std::abs(static_cast<double>(y(r, c)) - e) / std::max(1.0, std::abs(e));
        if (difference <= most) continue;  // false for NaN, which counts as a difference
        most = std::isnan(difference) ? std::numeric_limits<double>::infinity() : difference;
        row = r, col = c;
      }
    }
    require(most <= tolerance, [&] {
      const auto text = [](auto x) { return detail::number_text(static_cast<double>(x)); };
      return who() + "differs from the result of heed by " + text(most) + ", more than " + text(tolerance) +
             ": in row " + std::to_string(row) + ", column " + std::to_string(col) + " PyTorch has " +
             text(expected(row, col)) + ", heed has " + text(y(row, col));
    });
  }

 private:
  const Matrix<S>& at(const std::vector<Matrix<S>>& all, std::size_t i, const std::string& kind) const {
    require(i < all.size(), [&] {
      return file + ": the test vector has " + std::to_string(all.size()) + ' ' + kind + "s, there is no number " +
             std::to_string(i);
    });
    return all[i];
  }
};

}}  // namespace heed::v0_2
