#pragma once

#include <heed/core/parameters.hpp>
#include <heed/io/safetensors.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace heed::test {

/// The names of all files that make_pytorch.py writes, without ".safetensors".
inline constexpr std::array<std::string_view, 4> recurrent_fixtures{"recurrent_gru", "recurrent_lstm",
                                                                    "recurrent_rnn-relu", "recurrent_rnn-tanh"};
inline constexpr std::string_view projected_fixture = "recurrent_lstm-projected";
inline constexpr std::string_view transformer_fixture = "transformer", masks_fixture = "masks";
inline constexpr std::array<std::string_view, 8> seq2seq_fixtures{
    "seq2seq_bahdanau_additive_gru",    "seq2seq_bahdanau_additive_lstm",   "seq2seq_bahdanau_dot_rnn-relu",
    "seq2seq_conditional_additive_gru", "seq2seq_conditional_general_lstm", "seq2seq_luong_concat_gru",
    "seq2seq_luong_general_lstm",       "seq2seq_plain_none_rnn-tanh"};

inline std::filesystem::path pytorch_folder() { return std::filesystem::path(HEED_FIXTURES) / "pytorch"; }

/// A fixture file of PyTorch (or of another library, in `folder`). Records which tensors were read.
class PytorchFixture {
 public:
  explicit PytorchFixture(std::string_view name, const std::filesystem::path& folder = pytorch_folder())
      : file_(SafetensorsFile::read(folder / (std::string(name) + ".safetensors"))) {}

  const SafetensorsFile& file() const { return file_; }

  bool has(const std::string& tensor) const { return file_.tensors().contains(tensor); }

  /// A tensor of exactly this type. A batch has one row per item: transpose it for heed.
  template <class S>
  Matrix<S> matrix(const std::string& tensor) {
    const TensorView& view = file_.at(tensor);
    require(view.dtype == dtype_of<S>(), [&] { return tensor + " is " + std::string(dtype_name(view.dtype)); });
    read_.insert(tensor);
    return read_matrix<S>(view);
  }

  /// The tensors under `prefix` that have not been read.
  std::vector<std::string> unread(std::string_view prefix) const {
    std::vector<std::string> result;
    for (const auto& [name, view] : file_.tensors()) {
      if (name.starts_with(prefix) && !read_.contains(name)) result.push_back(name);
    }
    return result;
  }

  const std::string& text(std::string_view key) const {
    const auto found = file_.metadata().find(key);
    require(found != file_.metadata().end(), [&] { return file_.name() + ": no metadata " + std::string(key); });
    return found->second;
  }

  /// Numbers separated by spaces, such as "3 7 1 5".
  template <class T>
  std::vector<T> numbers(std::string_view key) const {
    std::istringstream stream(text(key));
    std::vector<T> result;
    for (T number; stream >> number;) result.push_back(number);
    require(stream.eof(), [&] { return file_.name() + ": metadata " + std::string(key) + " is no list of numbers"; });
    return result;
  }

  template <class T>
  T number(std::string_view key) const {
    const auto all = numbers<T>(key);
    require(all.size() == 1, [&] { return file_.name() + ": metadata " + std::string(key) + " is not one number"; });
    return all.front();
  }

 private:
  SafetensorsFile file_;
  std::set<std::string, std::less<>> read_;
};

/// Records the largest difference of the current test as a property of the test (`--gtest_output=xml`).
inline void note_difference(double difference) {
  static std::string test;
  static double most = 0;
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  if (info == nullptr) return;
  const std::string name = std::string(info->test_suite_name()) + '.' + info->name();
  most = name == test ? std::max(most, difference) : difference;
  test = name;
  char text[32];
  std::snprintf(text, sizeof text, "%.1e", most);
  testing::Test::RecordProperty("largest_difference", text);
}

/// The largest |actual - expected| / max(1, |expected|); infinite if the shapes differ or a value is not finite.
template <class A, class B>
double distance(const Eigen::DenseBase<A>& actual, const Eigen::DenseBase<B>& expected) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (actual.rows() != expected.rows() || actual.cols() != expected.cols()) return infinity;
  double worst = 0;
  for (Index j = 0; j < actual.cols(); ++j) {
    for (Index i = 0; i < actual.rows(); ++i) {
      const auto a = static_cast<double>(actual.coeff(i, j)), e = static_cast<double>(expected.coeff(i, j));
      const double error = std::abs(a - e) / std::max(1.0, std::abs(e));
      if (!(error <= worst)) worst = error < infinity ? error : infinity;
    }
  }
  note_difference(worst);
  return worst;
}

/// PyTorch's name of an encoder's parameter: weight_hh_l1_reverse for layers.1.backward.U.
inline std::string pytorch_name(const std::string& parameter) {
  std::istringstream stream(parameter);
  std::string layers, layer, direction, leaf;
  std::getline(std::getline(std::getline(std::getline(stream, layers, '.'), layer, '.'), direction, '.'), leaf);
  const std::string kind = leaf == "W"     ? "weight_ih"
                           : leaf == "U"   ? "weight_hh"
                           : leaf == "P"   ? "weight_hr"
                           : leaf == "b_W" ? "bias_ih"
                           : leaf == "b_U" ? "bias_hh"
                                           : "";
  require(layers == "layers" && !kind.empty() && (direction == "forward" || direction == "backward"),
          [&] { return "PyTorch has no " + parameter; });
  return kind + "_l" + layer + (direction == "backward" ? "_reverse" : "");
}

/// Converts a fixture's name to a part of a test's name: seq2seq_bahdanau_dot_rnn-relu becomes BahdanauDotRnnRelu.
inline std::string test_name(std::string_view fixture) {
  std::string result;
  bool first = true;
  for (const char c : fixture.substr(fixture.find('_') + 1)) {
    const bool letter = c != '_' && c != '-';
    if (letter) result += first && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    first = !letter;
  }
  return result;
}

}  // namespace heed::test
