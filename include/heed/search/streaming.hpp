#pragma once

#include <heed/search/decoding.hpp>

#include <algorithm>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace heed { inline namespace v0_2 {

namespace detail {

/// Whether an encoder can go on from the states it ended with.
template <class EncoderType>
inline constexpr bool keeps_states = false;
template <Cell C>
inline constexpr bool keeps_states<Encoder<C>> = true;

}  // namespace detail

/// Reads a source word by word, then writes its target word by word; the caller may put words of their own into it.
///
///   feed(word) ... finish_source()      next() or force(word) ... until ended()      start() for the next sentence
///
/// A recurrent encoder that only reads forwards reads a word as soon as it is fed, so little is left to do when the
/// source ends. One that reads backwards, or both ways, can only begin at the end: it reads all words in
/// `finish_source`. What is written is what greedy `search` finds for the source alone: to the bit where the encoder
/// reads at the end, and up to rounding where it reads along, since one word takes another path through a product than
/// many. One object per thread. Nothing is allocated once it has grown to the longest source. An exception from the
/// model's work, such as std::bad_alloc, makes it forget everything, as `start` does.
template <class Model>
class Stream {
 public:
  using S = typename Model::Scalar;

  /// Keeps a reference to the model, which must outlive it.
  explicit Stream(const Model& model) : model_(model) { one_.assign(std::vector<Index>{1}); }
  explicit Stream(const Model&&) = delete;

  /// Forgets everything: a new source begins.
  void start() {
    source_.clear();
    finished_ = ended_ = has_logits_ = weighted_ = false;
    log_probability_ = 0;
    last_ = symbols::bos;
  }

  /// Reads one source word. Throws if it is outside of the vocabulary, or if the source is finished.
  void feed(Token word) {
    require(!finished_, "Stream: the source is finished; start() begins another");
    x_.resize(model_.source.size(), 1);
    model_.source.forward(std::span(&word, 1), x_);
    detail::Undo restart([this] { start(); });
    if constexpr (detail::keeps_states<EncoderType>) {
      if (reads_along()) read();
    }
    source_.push_back(word);
    restart.cancel();
  }

  /// Ends the source: from here on the target is written. Throws if there was no word.
  void finish_source() {
    require(!finished_, "Stream: the source is finished already");
    require(!source_.empty(), "Stream: the source has no word yet");
    detail::Undo restart([this] { start(); });
    if (reads_along()) {
      auto& memory = tape_.memory;
      lengths_.assign(1, static_cast<Index>(source_.size()));
      memory.resize(outputs_.rows(), lengths_);
      memory.values = outputs_.leftCols(memory.values.cols());
      memory.states.resize(states_.size());
      for (std::size_t i = 0; i < states_.size(); ++i) memory.states[i].assign(states_[i]);
      memory.summary = states_.back().topRows(memory.size());
      model_.decoder.prepare(memory);
    } else {
      const std::span<const Token> source = source_;
      model_.encode(std::span(&source, 1), tape_);
    }
    step_.state.sentences.assign(1, 0);
    model_.decoder.start(tape_.memory, step_.state, step_.decoder);
    finished_ = true;
    restart.cancel();
  }

  /// Writes the likeliest word, which may be the end symbol, and returns it; of equally likely ones the smallest. Throws
  /// if the source is not finished or the target has ended.
  Token next() {
    const auto& scores = logits();
    Index best = symbols::unk;
    for (Index k = symbols::eos; k < scores.rows(); ++k) {
      if (scores(k) > scores(best)) best = k;
    }
    write(static_cast<Token>(best));
    return last_;
  }

  /// Writes this word, be it likely or not; the end symbol ends the target. Throws if it is no word that can be written,
  /// if the source is not finished or the target has ended.
  void force(Token word) {
    const Index vocabulary = model_.target.vocabulary();
    require(word >= 0 && word < vocabulary && word != symbols::bos, [&] {
      return "Stream: token " + std::to_string(word) + " cannot be written, with a vocabulary of " +
             std::to_string(vocabulary);
    });
    logits();
    write(word);
  }

  /// The scores of the word to be written next (vocabulary x 1), for who wants to choose: log-probabilities but for a
  /// number that is the same for all words. Throws as `next` does.
  const Buffer<S>& logits() {
    require(finished_, "Stream: the source is not finished; finish_source() ends it");
    require(!ended_, "Stream: the target has ended; start() begins another sentence");
    if (has_logits_) return step_.logits;
    detail::Undo restart([this] { start(); });
    take_step(model_, std::span(&last_, 1), tape_.memory, step_);
    has_logits_ = weighted_ = true;
    restart.cancel();
    return step_.logits;
  }

  /// What was looked at for the word written last, or after `logits` for the next one: an entry per source word, none
  /// where the decoder looks back at nothing. Throws if neither was called since `finish_source`.
  auto weights() const {
    require(weighted_, "Stream: there are no attention weights before the first step; call next() or logits()");
    const auto& weights = step_.decoder.attention.weights;
    return weights.col(0).head(std::min(weights.rows(), tape_.memory.longest()));
  }

  double log_probability() const { return log_probability_; }  ///< of all that was written
  bool ended() const { return ended_; }                        ///< whether the end symbol was written

 private:
  using EncoderType = std::remove_cvref_t<decltype(std::declval<const Model&>().encoder)>;

  bool reads_along() const {
    if constexpr (detail::keeps_states<EncoderType>) {
      return model_.encoder.directions() == 1 && !model_.encoder.starts_at_end(0);
    } else {
      return false;
    }
  }

  /// Encodes the word in x_, from the states that the last one left.
  void read() {
    auto& tape = tape_.encoder;
    model_.encoder.forward(x_, one_, tape, nullptr, source_.empty() ? nullptr : &states_);
    states_.swap(tape.final_states);
    const auto count = static_cast<Index>(source_.size());
    if (count == outputs_.cols()) {
      Buffer<S> larger;
      larger.resize(tape.outputs().rows(), 2 * count + 16);
      if (count > 0) larger.leftCols(count) = outputs_;
      outputs_ = std::move(larger);
    }
    outputs_.col(count) = tape.outputs().col(0);
  }

  void write(Token word) {
    const auto where = [] { return std::string("Stream"); };
    const double base = detail::logit_offset<S>(step_.logits.data(), step_.logits.rows(), log_probability_, where);
    require(!detail::is_excluded(step_.logits(word)),
            [&] { return "Stream: token " + std::to_string(word) + " cannot be written, it has a score of -inf"; });
    log_probability_ = base + static_cast<double>(step_.logits(word));
    last_ = word;
    has_logits_ = false;
    ended_ = word == symbols::eos;
  }

  const Model& model_;
  Seq2SeqTape<S> tape_;
  StepWorkspace<S> step_;
  PackedBatch one_;          ///< of a single word
  EncoderStates<S> states_;  ///< of the encoder after the last word
  Buffer<S> x_, outputs_;    ///< the last word, embedded; what the encoder made of every word, with room for more
  std::vector<Index> lengths_;
  std::vector<Token> source_;
  Token last_ = symbols::bos;
  double log_probability_ = 0;
  bool finished_ = false, ended_ = false;
  bool has_logits_ = false;  ///< whether the step that scores the next word has been taken
  bool weighted_ = false;    ///< whether any step has been taken
};

}}  // namespace heed::v0_2
