#pragma once

#include <heed/attention/attention_mechanism.hpp>
#include <heed/decoders/bridge.hpp>
#include <heed/decoders/stack.hpp>

#include <span>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// The state of a decoder between two steps, one column for each hypothesis. A search reorders the columns with
/// `gather`.
template <class S>
struct DecoderState {
  std::vector<Buffer<S>> layers;  ///< state size x n, one per layer
  Buffer<S> feed;                 ///< features x n: h~ of the last step (input feeding), or no rows
  Buffer<S> carry;                ///< carry size x n: carry of the attention mechanism; in `ChoDecoder` the code
  std::vector<Index> sentences;   ///< n: the sentence of the memory that each column attends to

  /// The number of hypotheses.
  Index columns() const { return static_cast<Index>(sentences.size()); }

  /// Copies column `chosen[i]` to column i, for all i at once. Columns can be dropped, repeated and reordered. Does not
  /// allocate once the buffers are large enough. Throws heed::Error if a column does not exist, and does not change the
  /// state then. After any other exception the state may have no columns.
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

/// The saved activations and gradients of a readout for N columns.
template <class S>
struct ReadoutTape {
  Buffer<S> kept;        ///< saved activations other than its inputs and features
  Buffer<S> d_previous;  ///< hidden x N: gradient of the states before the steps, if it uses these
};

/// The input of the first layer below the words: contexts or fed-back vectors.
template <class S>
struct JoinedTape {
  Buffer<S> vectors;        ///< rows x N, after dropout; contexts without dropout are not copied here
  Buffer<S> d_vectors;      ///< rows x n: gradient of the vectors of one step
  Buffer<S> factors, mask;  ///< 1 x N each: the dropout factor of each vector, and its dropout mask
};

/// The results, saved activations and gradients of a decoder for N columns of steps. In training these are all words of
/// a batch, in search one step. If a decoder does not have one of the parts, the tape of this part is empty. Buffers
/// only grow.
template <class S>
struct DecoderTape {
  AttentionTape<S> attention;  ///< tape of the attention mechanism
  StackTape<S> stack;          ///< tape of the recurrent layers
  StackTape<S> transition;     ///< tape of the cell before attention, in a conditional decoder
  Buffer<S> summaries;         ///< the summaries from which the initial states are computed
  JoinedTape<S> joined;        ///< tape of the first layer's input below the words
  ReadoutTape<S> readout;      ///< tape of the readout
  Buffer<S> features;          ///< features x N: the input of the output layer
  Buffer<S> d_features;        ///< dL/dfeatures, filled by the caller before backward, which overwrites it
};

}}  // namespace heed::v0_2
