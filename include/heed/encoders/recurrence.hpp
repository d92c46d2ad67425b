#pragma once

#include <heed/cells/cell.hpp>
#include <heed/core/packed_batch.hpp>
#include <heed/core/thread_pool.hpp>
#include <heed/layers/dropout.hpp>

#include <algorithm>

namespace heed { inline namespace v0_2 {

/// What one direction of one layer writes while it runs over a packed batch.
template <class S>
struct RecurrenceTape {
  Buffer<S> saved;      ///< saved size x columns; if it is not kept, those of some steps
  Buffer<S> previous;   ///< state size x columns: the state each step began with; if it is not kept, of one step
  Buffer<S> running;    ///< state size x sentences (packed order): save_activations the final state of those that ended
  Buffer<S> d_running;  ///< its gradient; after backward that of the initial state
  Buffer<S> d_a;        ///< gradient size x columns
  Buffer<S> mask;  ///< hidden x sentences: what a step reads of h is multiplied with it; of size 0: h is read as it is
};

namespace detail {

/// Makes a cell by its constructor C(input, hidden).
template <class C>
struct MakeCell {
  C operator()(Index input, Index hidden) const { return C(input, hidden); }
};

/// How many columns of so many numbers stay in the second cache beside what else a step reads; enough for a product.
template <class S>
Index cached_columns(Index size) {
  return std::max(Index{64}, 512 * 1024 / (std::max(size, Index{1}) * static_cast<Index>(sizeof(S))));
}

/// Throws unless there is a state for every sentence, and a mask of h for each, or none at all.
template <class C, class S>
void check_running(const char* function, const char* name, const C& cell, const PackedBatch& packing,
                   const Buffer<S>& running, const Buffer<S>& mask) {
  check_size(function, name, running, cell.state_size(), packing.sentences());
  if (mask.size() > 0) check_size(function, "tape.mask", mask, cell.hidden_size(), packing.sentences());
}

}  // namespace detail

/// Throws if h is to be dropped on its way into the next step, and the cell has another use for it there.
///
/// Gal & Ghahramani 2016, equation 7, drop the h that is multiplied with U. In a cell that says `h_enters_U_only` (RNN,
/// LSTM) that is all there is of h in a step, so that the step of a masked state is theirs; a GRU also carries h past the
/// product.
template <Cell C>
void check_recurrent_dropout(const C& cell, const Dropout<typename C::Scalar>& dropout) {
  if (dropout.rate == 0) return;
  bool possible = false;
  if constexpr (requires { cell.h_enters_U_only(); }) possible = cell.h_enters_U_only();
  require(possible, "recurrent dropout needs a cell that reads h by a product alone: RNN or LSTM, no GRU");
}

/// Runs a cell over a packed batch x, forwards or from each sentence's own end, and writes h of every step to `outputs`.
///
/// `tape.running` holds the initial states, `tape.mask` what each sentence drops of h at every step. If backward will not
/// follow, nothing is kept for it: inputs are projected for a few steps at a time, whose saved stays in the cache. The
/// team's threads share the columns of x, then the units of every step. Throws heed::Error if a size does not fit.
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
      Index together = 0;  // columns of the steps k ... end, with all that are left rather than a few of these alone
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

/// Backward of `run_recurrence`, in reverse order. `tape.d_running` holds dL/d(final states) and ends as
/// dL/d(initial states); `tape.d_a` is overwritten. Throws heed::Error if a size does not fit.
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
