#pragma once

#include <heed/kernels/narrow_columns.hpp>
#include <heed/packing.hpp>

#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace heed::inline v0_1 {

/// What a decoder looks back at: the encoder states of a batch of sentences, made once and then only read.
///
/// Sentence b (its place in the batch as it was given) owns one contiguous range of columns. Beams and queries of one
/// sentence share it: they find it by b. The gradient of a memory is a memory.
template <class S>
struct Memory {
  Buffer<S> values;   ///< size x columns: what is averaged (the papers' h_j)
  Buffer<S> keys;     ///< key size x columns: what is matched; no rows where the values themselves are matched
  Buffer<S> summary;  ///< size x sentences: the final state of each sentence, forward above backward
  /// The encoder's final states as they are (state size x sentences), one for every layer and direction in the order of
  /// `EncoderStates`; without rows, or none at all, where no recurrent encoder made this.
  std::vector<Buffer<S>> states;
  std::vector<Index> starts;  ///< sentences + 1: the first column of each sentence

  /// Rows of a value; how many sentences there are; where each lies, and the longest of their lengths.
  Index size() const { return values.rows(); }
  Index sentences() const { return starts.empty() ? 0 : static_cast<Index>(starts.size()) - 1; }
  Index length(Index b) const { return start(b + 1) - start(b); }
  Index start(Index b) const { return starts[static_cast<std::size_t>(b)]; }
  Index longest() const {
    Index most = 0;
    for (Index b = 0; b < sentences(); ++b) most = std::max(most, length(b));
    return most;
  }

  /// The columns of sentence b.
  auto values_of(Index b) const { return values.middleCols(start(b), length(b)); }
  auto values_of(Index b) { return values.middleCols(start(b), length(b)); }
  auto keys_of(Index b) const { return matched().middleCols(start(b), length(b)); }
  auto keys_of(Index b) { return matched().middleCols(start(b), length(b)); }

  /// Makes room for sentences of these lengths, in batch order. Throws on an empty one. After an exception it has no
  /// sentences.
  void resize(Index size, std::span<const Index> lengths) {
    clear();
    Index columns = 0;
    for (std::size_t b = 0; b < lengths.size(); ++b) {
      require(lengths[b] > 0, [&] { return "Memory: sentence " + std::to_string(b) + " has nothing to attend to"; });
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

  /// Has no sentences from here on, and keeps its room.
  void clear() {
    starts.clear();
    narrow_ = false;
  }

  /// From here on, until the next `resize`, attention reads values and keys as bfloat16: half the bytes, which is faster
  /// where the memory is larger than the second cache, and slower where it is not. For inference: what happens to
  /// `values` and `keys` later is not seen.
  void narrow() {
    static_assert(std::is_same_v<S, float>, "16-bit numbers stand for floats");
    narrow_ = false;
    narrow_values_.assign(values);
    narrow_keys_.assign(keys);
    narrow_ = true;
  }
  /// Whether it does, and what it reads.
  bool is_narrow() const { return narrow_; }
  const detail::NarrowColumns& narrow_values() const { return narrow_values_; }
  /// Of no rows where the values themselves are matched.
  const detail::NarrowColumns& narrow_keys() const { return narrow_keys_; }

  /// Becomes an all-zero memory of the shape of another: the gradient to be. After an exception it has no sentences.
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
  detail::NarrowColumns narrow_values_, narrow_keys_;
  bool narrow_ = false;

  const Buffer<S>& matched() const { return keys.rows() == 0 ? values : keys; }
  Buffer<S>& matched() { return keys.rows() == 0 ? values : keys; }
};

}  // namespace heed::inline v0_1
