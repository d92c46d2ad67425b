#pragma once

#include <heed/attention/attention_mechanism.hpp>
#include <heed/decoders/bridge.hpp>
#include <heed/decoders/stack.hpp>

#include <span>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// The state of a decoder between two steps, a column for each hypothesis. A search reorders all of it by one `gather`.
template <class S>
struct DecoderState {
  std::vector<Buffer<S>> layers;  ///< state size x n, one per layer
  Buffer<S> feed;                 ///< features x n: the last attentional vector (input feeding), or no rows
  Buffer<S> carry;  ///< carry size x n: from one step of the attention to the next; of `ChoDecoder` the code
  std::vector<Index> sentences;  ///< n: which sentence of the memory each column reads

  /// How many hypotheses it holds.
  Index columns() const { return static_cast<Index>(sentences.size()); }

  /// Column i becomes what column `chosen[i]` was; columns may be dropped, repeated and reordered.
  /// Does not allocate once the buffers have grown. Throws `Error` if there is no such column, and stays as it was; after
  /// another exception it has no columns.
  void gather(std::span<const Index> chosen) {
    for (const Index i : chosen) {
      require(i >= 0 && i < columns(), [&] {
        return "DecoderState.gather: there is no column " + std::to_string(i) + ", the state has " +
               std::to_string(columns());
      });
    }
    for (const auto& layer : layers) check_columns("a matrix of layers", layer);
    check_columns("feed", feed);
    check_columns("carry", carry);
    spare_sentences_ = sentences;
    sentences.reserve(chosen.size());
    sentences.clear();
    for (auto& layer : layers) gather(layer, chosen);
    gather(feed, chosen);
    gather(carry, chosen);
    for (const Index i : chosen) sentences.push_back(detail::at(spare_sentences_, i));
  }

 private:
  void check_columns(const char* name, const Buffer<S>& matrix) const {
    detail::check_size("DecoderState.gather", name, matrix, matrix.rows(), columns());
  }

  void gather(Buffer<S>& matrix, std::span<const Index> chosen) {
    const auto n = static_cast<Index>(chosen.size());
    spare_.resize(matrix.rows(), n);
    for (Index i = 0; i < n; ++i) spare_.col(i) = matrix.col(detail::at(chosen, i));
    matrix.assign(spare_);
  }

  Buffer<S> spare_;
  std::vector<Index> spare_sentences_;
};

/// What a readout keeps of N columns.
template <class S>
struct ReadoutTape {
  Buffer<S> kept;        ///< what its backward reads besides its inputs and features
  Buffer<S> d_previous;  ///< hidden x N: gradient of the states before their steps, if it reads these
};

/// The input of the first layer besides the words: contexts, or fed-back vectors.
template <class S>
struct JoinedTape {
  Buffer<S> vectors;        ///< rows x N, after dropout; contexts without dropout are read where they are
  Buffer<S> d_vectors;      ///< rows x n: gradient of the vectors of one step
  Buffer<S> factors, mask;  ///< 1 x N each: what dropout multiplied each vector by, and what was drawn for it
};

/// Everything a decoder writes for N columns of steps (training: all words of a batch; search: one step): the tapes of
/// its parts. A part that a decoder lacks leaves its tape empty. Only grows.
template <class S>
struct DecoderTape {
  AttentionTape<S> attention;  ///< of the attention mechanism
  StackTape<S> stack;          ///< of the recurrent layers
  Buffer<S> summaries;         ///< of the bridge: what the first state of each column was made from
  JoinedTape<S> joined;        ///< of the input besides the words
  ReadoutTape<S> readout;      ///< of the readout
  Buffer<S> features;          ///< features x N: the input of the output layer
  Buffer<S> d_features;        ///< to be filled before backward; overwritten by it
};

}}  // namespace heed::v0_2
