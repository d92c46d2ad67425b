#pragma once

#include <heed/io/safetensors_reader.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

namespace detail {

/// What begins the names of a test vector's tensors: a state dict has no place for them.
inline constexpr std::string_view test_vector_prefix = "heed.test.";

/// A tensor of any number of dimensions with a column per item: all dimensions but the last count items, and one of a
/// single dimension is one item.
template <class S>
Matrix<S> read_items(const SafetensorsFile& file, const TensorView& stored) {
  require(!stored.data.empty(), [&] { return file.name() + ": " + in_quotes(stored.name) + " holds no numbers"; });
  TensorView flat = stored;  // no product below is larger than the number of its bytes
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

/// What a PyTorch module made of an input, stored beside its state dict by examples/from_pytorch/export.py: proof that
/// what was loaded computes the same, activation, heads and all that a state dict does not say.
///
/// A tensor (steps, batch, size) becomes size x (steps * batch), a column per item: what heed's parts take of sentences of one
/// length. Tokens become numbers: `tokens` reads them.
template <class S>
struct PytorchTestVector {
  std::string file;                ///< its name, for messages
  std::vector<Matrix<S>> inputs;   ///< what the module was given
  std::vector<Matrix<S>> outputs;  ///< what it made of that

  /// Throws if the file holds none.
  static PytorchTestVector read(const SafetensorsFile& file) {
    PytorchTestVector test{file.name(), {}, {}};
    const auto read_all = [&](const std::string& kind, std::vector<Matrix<S>>& all) {
      const auto next = [&] { return std::string(detail::test_vector_prefix) + kind + std::to_string(all.size()); };
      for (auto found = file.tensors().find(next()); found != file.tensors().end();
           found = file.tensors().find(next())) {
        all.push_back(detail::read_items<S>(file, found->second));
      }
      require(!all.empty(), [&] { return file.name() + " holds no test vector: there is no tensor " + next(); });
    };
    read_all("input.", test.inputs);
    read_all("output.", test.outputs);
    return test;
  }

  /// Input i as words, one after the other. Throws if it is anything else.
  std::vector<Token> tokens(std::size_t i) const {
    const Matrix<S>& input = at(inputs, i, "input");
    std::vector<Token> result;
    for (Index k = 0; k < input.size(); ++k) {
      const auto number = static_cast<double>(input.data()[k]);
      require(number >= 0 && number <= std::numeric_limits<Token>::max() && number == std::floor(number), [&] {
        return file + ": input " + std::to_string(i) + " of the test vector holds " + detail::number_text(number) +
               ", which is no word";
      });
      result.push_back(static_cast<Token>(number));
    }
    return result;
  }

  /// Throws, with the largest difference and its place, unless every |y - e| <= tolerance max(1, |e|) for output i, e.
  void expect(std::size_t i, const In<S>& y, double tolerance = 1e-5) const {
    const Matrix<S>& expected = at(outputs, i, "output");
    const auto who = [&] { return file + ": output " + std::to_string(i) + " of the test vector "; };
    require(y.rows() == expected.rows() && y.cols() == expected.cols(), [&] {
      const auto shape = [](const auto& x) { return std::to_string(x.rows()) + " x " + std::to_string(x.cols()); };
      return who() + "is " + shape(expected) + ", what was computed here is " + shape(y);
    });
    double most = 0;
    Index row = 0, col = 0;
    for (Index c = 0; c < y.cols(); ++c) {
      for (Index r = 0; r < y.rows(); ++r) {
        const auto e = static_cast<double>(expected(r, c));
        const double difference = std::abs(static_cast<double>(y(r, c)) - e) / std::max(1.0, std::abs(e));
        if (difference <= most) continue;  // what is no number is a difference
        most = std::isnan(difference) ? std::numeric_limits<double>::infinity() : difference;
        row = r, col = c;
      }
    }
    require(most <= tolerance, [&] {
      const auto text = [](auto x) { return detail::number_text(static_cast<double>(x)); };
      return who() + "differs from what was computed here by " + text(most) + ", more than " + text(tolerance) +
             ": in row " + std::to_string(row) + ", column " + std::to_string(col) + " PyTorch has " +
             text(expected(row, col)) + ", heed " + text(y(row, col));
    });
  }

 private:
  const Matrix<S>& at(const std::vector<Matrix<S>>& all, std::size_t i, const std::string& kind) const {
    require(i < all.size(), [&] {
      return file + ": the test vector has " + std::to_string(all.size()) + ' ' + kind + "s, none of number " +
             std::to_string(i);
    });
    return all[i];
  }
};

}}  // namespace heed::v0_2
