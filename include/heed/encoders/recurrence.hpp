#pragma once

#include <heed/cells/cell.hpp>
#include <heed/core/packed_batch.hpp>
#include <heed/core/thread_pool.hpp>
#include <heed/layers/dropout.hpp>

#include <algorithm>

namespace heed { inline namespace v0_2 {

/// The buffers of one direction of one layer, for a packed batch.
template <class S>
struct RecurrenceTape {
  Buffer<S> saved;      ///< saved size x columns; without save_activations, of a few steps
  Buffer<S> previous;   ///< state size x columns: the state before each step; without save_activations, of one step
  Buffer<S> running;    ///< state size x sentences (packed order): the current state, final if the sentence has ended
  Buffer<S> d_running;  ///< the gradient of `running`; after backward, of the initial state
  Buffer<S> d_a;        ///< gradient size x columns
  Buffer<S> mask;       ///< hidden x sentences: dropout mask of h before each step; size 0: no dropout
};

namespace detail {

/// Creates a cell as C(input, hidden).
template <class C>
struct MakeCell {
  C operator()(Index input, Index hidden) const { return C(input, hidden); }
};

/// The number of columns of `size` elements that stay in the L2 cache together with the other data of a step. At least
/// 64, which is enough for an efficient product.
template <class S>
Index cached_columns(Index size) {
  return std::max(Index{64}, 512 * 1024 / (std::max(size, Index{1}) * static_cast<Index>(sizeof(S))));
}

/// Throws unless `running` has one column per sentence, and `mask` has one column per sentence or is empty.
template <class C, class S>
void check_running(const char* function, const char* name, const C& cell, const PackedBatch& packing,
                   const Buffer<S>& running, const Buffer<S>& mask) {
  check_size(function, name, running, cell.state_size(), packing.sentences());
  if (mask.size() > 0) check_size(function, "tape.mask", mask, cell.hidden_size(), packing.sentences());
}

}  // namespace detail

/// Throws heed::Error if the dropout rate is not 0 and the cell does not support recurrent dropout.
///
/// Gal & Ghahramani 2016, equation 7, apply dropout to the h that is multiplied by U. If `h_enters_U_only()` is true
/// (RNN, LSTM), a step uses h only in this product, so a step from a masked state computes their equation. A GRU also
/// uses h outside the product.
template <Cell C>
void check_recurrent_dropout(const C& cell, const Dropout<typename C::Scalar>& dropout) {
  if (dropout.rate == 0) return;
  bool possible = false;
  if constexpr (requires { cell.h_enters_U_only(); }) possible = cell.h_enters_U_only();
  require(possible, "recurrent dropout needs a cell that uses h only in the product U h: an RNN or an LSTM, not a GRU");
}

/// Runs a cell over a packed batch x (input x columns) and writes h of every step to `outputs` (hidden x columns). If
/// `reversed`, each sentence is processed from its last word to its first.
///
/// `tape.running` holds the initial states on entry and the final states on return. `tape.mask` is the dropout mask of
/// h, the same at every step of a sentence. If `save_activations` is false, nothing is kept for backward: the inputs
/// are projected for a few steps at a time, so that the `saved` columns of these steps stay in the cache. The threads
/// of the pool split the columns of x, then the units of every step. Throws heed::Error if a size does not fit.
template <Cell C, class X, class Outputs>
void run_recurrence(const C& cell, const X& x, const PackedBatch& packing, bool reversed, bool save_activations,
                    RecurrenceTape<typename C::Scalar>& tape, Outputs&& outputs, ThreadPool& thread_pool) {
  const Index steps = packing.steps(), columns = packing.columns(), sentences = packing.sentences();
  const char* const name = "run_recurrence";
  detail::check_size(name, "x", x, cell.input_size(), columns);
  detail::check_running(name, "tape.running", cell, packing, tape.running, tape.mask);
  detail::check_size(name, "outputs", outputs, cell.hidden_size(), columns);
  const Index usual = detail::cached_columns<typename C::Scalar>(cell.saved_size());
  const Index room = save_activations ? columns : std::min(columns, std::max(sentences, usual) + usual / 2);
  tape.saved.resize(cell.saved_size(), room);
  tape.previous.resize(cell.state_size(), save_activations ? columns : sentences);
  Barrier barrier(thread_pool.size());
  thread_pool.run([&](int i) {
    const Share share{i, thread_pool.size()};
    const auto step = [&](Index k) { return reversed ? steps - 1 - k : k; };
    for (Index k = 0, end = 0, left = columns; k < steps;) {
      Index together = 0;  // columns of steps k ... end; takes all remaining columns if they fit: no small last block
      const Index most = left <= room ? left : usual;
      do {
        together += packing.active(step(end++));
      } while (end < steps && together + packing.active(step(end)) <= most);
      left -= together;
      const Index from = packing.first(reversed ? step(end - 1) : k);
      const Index mine = together * i / thread_pool.size(), others = together * (i + 1) / thread_pool.size();
      cell.project(x.middleCols(from + mine, others - mine), tape.saved.middleCols(mine, others - mine));
      for (; k < end; ++k) {
        const Index first = packing.first(step(k)), n = packing.active(step(k));
        auto state = tape.running.leftCols(n);
        auto previous = tape.previous.middleCols(save_activations ? first : 0, n);
        if (i == 0) {
          previous = state;
          if (tape.mask.size() > 0) previous.topRows(cell.hidden_size()).array() *= tape.mask.leftCols(n).array();
        }
        barrier.wait();
        detail::step(cell, tape.saved.middleCols(first - from, n), previous, state,
                     {k % 2 == 1, share, save_activations});
        barrier.wait();
        if (i == 0) outputs.middleCols(first, n) = state.topRows(cell.hidden_size());
      }
    }
  });
}

/// Backward of `run_recurrence`, in reverse order. `tape.d_running` holds dL/d(final states) on entry and
/// dL/d(initial states) on return. Overwrites `tape.d_a`. Throws heed::Error if a size does not fit.
template <Cell C, class Outputs>
void run_recurrence_backward(const C& cell, const PackedBatch& packing, bool reversed,
                             RecurrenceTape<typename C::Scalar>& tape, const Outputs& d_outputs) {
  const char* const name = "run_recurrence_backward";
  detail::check_size(name, "tape.saved", tape.saved, cell.saved_size(), packing.columns());
  detail::check_size(name, "tape.previous", tape.previous, cell.state_size(), packing.columns());
  detail::check_running(name, "tape.d_running", cell, packing, tape.d_running, tape.mask);
  detail::check_size(name, "d_outputs", d_outputs, cell.hidden_size(), packing.columns());
  tape.d_a.resize(cell.gradient_size(), packing.columns());
  for (Index k = 0; k < packing.steps(); ++k) {
    const Index t = reversed ? k : packing.steps() - 1 - k, first = packing.first(t), n = packing.active(t);
    auto d_state = tape.d_running.leftCols(n);
    d_state.topRows(cell.hidden_size()) += d_outputs.middleCols(first, n);  // was: outputs = h
    cell.step_backward(tape.saved.middleCols(first, n), tape.previous.middleCols(first, n), d_state,
                       tape.d_a.middleCols(first, n));
    if (tape.mask.size() > 0) {
      d_state.topRows(cell.hidden_size()).array() *= tape.mask.leftCols(n).array();  // was: previous = mask h
    }
  }
}

}}  // namespace heed::v0_2
