#pragma once

#include <heed/core/packed_batch.hpp>
#include <heed/kernels/bfloat16_columns.hpp>

#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace heed { inline namespace v0_2 {

namespace detail {

[[noreturn]] inline EIGEN_DONT_INLINE void fail_sentence(const char* function, Index b, Index sentences) {
  fail(std::string(function) + ": there is no sentence " + std::to_string(b) + ", the memory has " +
       std::to_string(sentences));
}
[[noreturn]] inline EIGEN_DONT_INLINE void fail_columns(Index b, Index first, Index end, Index columns) {
  fail("Memory: sentence " + std::to_string(b) + " has columns " + std::to_string(first) + " to " +
       std::to_string(end) + ", but the matrix has " + std::to_string(columns) + "; call resize(size, lengths) first");
}

}  // namespace detail

/// The memory that a decoder attends to: the encoder outputs of a batch of sentences. It is computed once per batch and
/// then not changed.
///
/// Sentence b (its index in the batch, in the order of the input) owns one contiguous range of columns. All queries of
/// a sentence, such as the hypotheses of its beam, attend to this range. The gradient of a memory is also a memory.
template <class S>
struct Memory {
  Buffer<S> values;   ///< size x columns: a context is their weighted average (h_j in the papers)
  Buffer<S> keys;     ///< key size x columns: scored against the queries; no rows if the values are the keys
  Buffer<S> summary;  ///< size x sentences, for the bridge: final h of the top encoder layer, forward above backward
  /// The final states of the encoder (state size x sentences), one for every layer and direction in the order of
  /// `EncoderStates`. Empty, or matrices without rows, if the encoder is not recurrent.
  std::vector<Buffer<S>> states;
  std::vector<Index> starts;  ///< sentences + 1: the first column of each sentence

  /// Rows of a value; number of sentences; length and first column of sentence b; length of the longest sentence.
  /// Throws heed::Error if there is no sentence b. `start` also accepts `sentences()`, for the end of the last
  /// sentence.
  Index size() const { return values.rows(); }
  Index sentences() const { return starts.empty() ? 0 : static_cast<Index>(starts.size()) - 1; }
  Index length(Index b) const {
    check(b, sentences());
    return detail::at(starts, b + 1) - detail::at(starts, b);
  }
  Index start(Index b) const {
    check(b, static_cast<Index>(starts.size()));
    return detail::at(starts, b);
  }
  Index longest() const {
    Index most = 0;
    for (std::size_t b = 1; b < starts.size(); ++b) most = std::max(most, starts[b] - starts[b - 1]);
    return most;
  }

  /// The columns of sentence b. `keys_of` returns columns of the values if the values are the keys. Throws heed::Error
  /// if there is no sentence b or its range exceeds the matrix.
  auto values_of(Index b) const { return columns_of(values, b); }
  auto values_of(Index b) { return columns_of(values, b); }
  auto keys_of(Index b) const { return columns_of(keys_or_values(), b); }
  auto keys_of(Index b) { return columns_of(keys_or_values(), b); }

  /// Resizes the memory for sentences of these lengths, in batch order, with values of `size` rows and without keys.
  /// Does not set the elements. Throws heed::Error if a sentence is empty. After an exception the memory has no
  /// sentences.
  void resize(Index size, std::span<const Index> lengths) {
    clear();
    Index columns = 0;
    for (std::size_t b = 0; b < lengths.size(); ++b) {
      require(lengths[b] > 0, [&] { return "Memory.resize: sentence " + std::to_string(b) + " is empty"; });
      columns += lengths[b];
    }
    const auto sentences = static_cast<Index>(lengths.size());
    values.resize(size, columns);
    keys.resize(0, columns);
    summary.resize(size, sentences);
    for (auto& state : states) state.resize(0, sentences);
    starts.reserve(lengths.size() + 1);
    starts.push_back(0);
    for (const Index length : lengths) starts.push_back(starts.back() + length);
  }

  /// Removes all sentences. Keeps the allocated storage.
  void clear() {
    starts.clear();
    is_bfloat16_ = false;
  }

  /// Copies values and keys to bfloat16. Attention then uses the copies until the next `resize`. A copy has half the
  /// bytes, so attention is faster if the memory is larger than the L2 cache; otherwise it is slower. For inference
  /// only. Attention ignores later changes of `values` and `keys`.
  void to_bfloat16() {
    static_assert(std::is_same_v<S, float>, "Memory.to_bfloat16 needs a memory of float");
    is_bfloat16_ = false;
    bfloat16_values_.assign(values);
    bfloat16_keys_.assign(keys);
    is_bfloat16_ = true;
  }
  /// Whether attention uses the bfloat16 values and keys.
  bool is_bfloat16() const { return is_bfloat16_; }
  /// The bfloat16 values.
  const detail::Bfloat16Columns& bfloat16_values() const { return bfloat16_values_; }
  /// The bfloat16 keys; no rows if the values are the keys.
  const detail::Bfloat16Columns& bfloat16_keys() const { return bfloat16_keys_; }

  /// Resizes the memory to the shape of `other` and sets it to zero: the initial gradient of `other`. After an
  /// exception the memory has no sentences.
  void zeros_like(const Memory& other) {
    clear();
    values.resize(other.values.rows(), other.values.cols());
    keys.resize(other.keys.rows(), other.keys.cols());
    summary.resize(other.summary.rows(), other.summary.cols());
    values.setZero();
    keys.setZero();
    summary.setZero();
    states.resize(other.states.size());
    for (std::size_t i = 0; i < states.size(); ++i) {
      states[i].resize(other.states[i].rows(), other.states[i].cols());
      states[i].setZero();
    }
    starts.assign(other.starts.begin(), other.starts.end());
  }

 private:
  detail::Bfloat16Columns bfloat16_values_, bfloat16_keys_;
  bool is_bfloat16_ = false;

  /// Throws heed::Error unless b is in [0, count).
  void check(Index b, Index count) const {
    if (b < 0 || b >= count) detail::fail_sentence("Memory", b, sentences());
  }

  template <class X>
  auto columns_of(X& x, Index b) const {
    check(b, sentences());
    const Index first = detail::at(starts, b), end = detail::at(starts, b + 1);
    if (first < 0 || first > end || end > x.cols()) detail::fail_columns(b, first, end, x.cols());
    return x.middleCols(first, end - first);
  }

  const Buffer<S>& keys_or_values() const { return keys.rows() == 0 ? values : keys; }
  Buffer<S>& keys_or_values() { return keys.rows() == 0 ? values : keys; }
};

namespace detail {

/// Throws heed::Error unless all `sentences` are in the memory.
template <class S>
void check_sentences(const char* function, const Memory<S>& memory, std::span<const Index> sentences) {
  const Index count = memory.sentences();
  for (const Index b : sentences) {
    if (b < 0 || b >= count) fail_sentence(function, b, count);
  }
}

/// Throws heed::Error unless the values of a memory have `size` rows and cover the columns of all sentences.
template <class S>
void check_values(const char* function, const Memory<S>& memory, Index size) {
  check_size(function, "memory.values", memory.values, size, memory.starts.empty() ? 0 : memory.starts.back());
}

/// Like `check_values`. Also throws heed::Error unless the keys have `key_size` rows (0 if the values are the keys).
template <class S>
void check_memory(const char* function, const Memory<S>& memory, Index size, Index key_size) {
  constexpr const char *prepare = "; call prepare(memory) first",
                       *narrow = "; call to_bfloat16() after prepare(memory)";
  const Index columns = memory.values.cols();
  check_values(function, memory, size);
  if (key_size > 0 && memory.keys.rows() == 0) fail(std::string(function) + ": the memory has no keys" + prepare);
  if (memory.keys.rows() > 0) check_size(function, "memory.keys", memory.keys, key_size, columns, prepare);
  if (!memory.is_bfloat16()) return;
  check_size(function, "memory.bfloat16_values()", memory.bfloat16_values(), size, columns, narrow);
  check_size(function, "memory.bfloat16_keys()", memory.bfloat16_keys(), key_size, columns, narrow);
}

/// Throws heed::Error unless `d_memory` has the shape of `memory`.
template <class S>
void check_gradient(const char* function, const Memory<S>& memory, const Memory<S>& d_memory) {
  constexpr const char* advice = "; call d_memory.zeros_like(memory) first";
  check_like(function, "d_memory.values", d_memory.values, memory.values, advice);
  check_like(function, "d_memory.keys", d_memory.keys, memory.keys, advice);
  check_like(function, "d_memory.summary", d_memory.summary, memory.summary, advice);
  require(d_memory.starts == memory.starts,
          [&] { return std::string(function) + ": d_memory.starts must be those of the memory, got others" + advice; });
}

}  // namespace detail

}}  // namespace heed::v0_2
