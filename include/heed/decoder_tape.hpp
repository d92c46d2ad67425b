#pragma once

#include <heed/bridge.hpp>
#include <heed/look.hpp>
#include <heed/stack.hpp>

#include <span>
#include <string>
#include <vector>

namespace heed::inline v0_1 {

/// The state of a decoder between two steps, a column for each hypothesis. A search reorders all of it by one `gather`.
template <class S>
struct DecoderState {
  std::vector<Buffer<S>> layers;  ///< state size x n, one per layer
  Buffer<S> feed;                 ///< features x n: the last attentional vector (input feeding), or no rows
  Buffer<S> carry;                ///< carry size x n: what the last look hands to the next, or no rows
  std::vector<Index> sentences;   ///< n: which sentence of the memory each column reads

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
    for (const Index i : chosen) sentences.push_back(spare_sentences_[static_cast<std::size_t>(i)]);
  }

 private:
  void check_columns(const char* name, const Buffer<S>& matrix) const {
    detail::check_size("DecoderState.gather", name, matrix, matrix.rows(), columns());
  }

  void gather(Buffer<S>& matrix, std::span<const Index> chosen) {
    const auto n = static_cast<Index>(chosen.size());
    spare_.resize(matrix.rows(), n);
    for (Index i = 0; i < n; ++i) spare_.col(i) = matrix.col(chosen[static_cast<std::size_t>(i)]);
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

/// Input feeding: the attentional vectors that enter the next step.
template <class S>
struct FeedTape {
  Buffer<S> vectors;   ///< features x N: the vector that entered each step
  Buffer<S> d_vector;  ///< features x sentences: the running gradient of the vector that is handed on
};

/// Dropout of whole contexts on their way into the cell.
template <class S>
struct ContextDropoutTape {
  Buffer<S> contexts;    ///< memory size x N: after dropout
  Buffer<S> factors;     ///< 1 x N: what each context was multiplied by, 0 if it was dropped
  Buffer<S> mask;        ///< 1 x N: drawn for `factors`
  Buffer<S> d_contexts;  ///< memory size x n: gradient of `contexts`, of one step
};

/// The code of each sentence, which a decoder computes from the memory's summary before its first step.
template <class S>
struct CodeTape {
  Buffer<S> summaries;  ///< memory size x sentences: what the codes were computed from
  Buffer<S> codes;      ///< code size x sentences
  Buffer<S> d_codes;    ///< their gradient
};

/// Everything a decoder writes for N columns of steps (training: all words of a batch; search: one step): the tape of its
/// attention mechanism and those of its other parts. A part that a decoder lacks leaves its tape empty. Only grows.
template <class S>
struct DecoderTape : LookTape<S> {
  StackTape<S> stack;                     ///< of the recurrent layers
  Buffer<S> summaries;                    ///< of the bridge: what the first state of each column was made from
  ReadoutTape<S> readout;                 ///< of the readout
  FeedTape<S> feed;                       ///< of input feeding
  ContextDropoutTape<S> context_dropout;  ///< of the dropout of contexts
  CodeTape<S> code;                       ///< of the sentences' codes
  Buffer<S> features;                     ///< features x N: the input of the output layer
  Buffer<S> d_features;                   ///< to be filled before backward; overwritten by it
};

}  // namespace heed::inline v0_1
