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

/// True if an encoder can continue from its final states.
template <class EncoderType>
inline constexpr bool keeps_states = false;
template <Cell C>
inline constexpr bool keeps_states<Encoder<C>> = true;

}  // namespace detail

/// Encodes a source word by word, then decodes its target word by word with greedy search. The caller may force target
/// words.
///
///     feed(word) ... finish_source()      next() or force(word) ... until ended()      start() for the next sentence
///
/// A forward recurrent encoder encodes each word in `feed`, so little work is left when the source ends. A backward or
/// bidirectional encoder needs the end of the source first: it encodes all words in `finish_source`.
///
/// `next` chooses the words that `search` with beam 1 finds if this source is alone in its batch, but without a step
/// limit: limit the number of words yourself, because a model may never choose eos. If the encoder runs in
/// `finish_source`, attention weights and log-probability have the same bits as those of `search`. If it runs in
/// `feed`, they are equal up to rounding, so a word can differ if two words are almost equally probable.
///
/// Use one object per thread. Does not allocate once it has grown to the longest source. An exception from the model,
/// such as std::bad_alloc, resets the stream as `start` does.
template <class Model>
class Stream {
 public:
  using S = typename Model::Scalar;

  /// Keeps a reference to the model, which must outlive the stream.
  explicit Stream(const Model& model) : model_(model) { one_.assign(std::vector<Index>{1}); }
  explicit Stream(const Model&&) = delete;

  /// Resets the stream for a new source.
  void start() {
    source_.clear();
    finished_ = ended_ = has_logits_ = weighted_ = false;
    log_probability_ = 0;
    last_ = symbols::bos;
  }

  /// Appends one source word. Throws heed::Error if it is outside the vocabulary, or if the source is finished.
  void feed(Token word) {
    require(!finished_, "Stream: the source is finished; call start() for the next sentence");
    x_.resize(model_.source_embedding().size(), 1);
    model_.source_embedding().forward(std::span(&word, 1), x_);
    detail::Undo restart([this] { start(); });
    if constexpr (detail::keeps_states<EncoderType>) {
      if (reads_along()) read();
    }
    source_.push_back(word);
    restart.cancel();
  }

  /// Ends the source, so that decoding can start. Throws heed::Error if the source has no word or is finished already.
  void finish_source() {
    require(!finished_, "Stream: the source is finished already");
    require(!source_.empty(), "Stream: the source has no words; call feed(word) first");
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

  /// Appends the most probable word to the target and returns it. It may be eos or unk, but never bos. Of equally
  /// probable words it takes the smallest token. Throws heed::Error if the source is not finished, if the target has
  /// ended, if a logit is NaN or +inf, or if the logits of all words except bos are -inf.
  Token next() {
    const auto& scores = logits();
    Index best = symbols::unk;
    for (Index k = symbols::eos; k < scores.rows(); ++k) {
      if (scores(k) > scores(best)) best = k;
    }
    write(static_cast<Token>(best));
    return last_;
  }

  /// Appends the given word to the target, whatever its probability; eos ends the target. Throws heed::Error if the
  /// word is bos, is outside the vocabulary or has a logit of -inf, if the source is not finished, if the target has
  /// ended, or if a logit is NaN or +inf.
  void force(Token word) {
    const Index vocabulary = model_.target.vocabulary();
    require(word >= 0 && word < vocabulary && word != symbols::bos, [&] {
      return "Stream: token must be in [0, " + std::to_string(vocabulary) + ") and must not be bos, got " +
             std::to_string(word);
    });
    logits();
    write(word);
  }

  /// Computes the logits of the next target word (vocabulary x 1), for callers that choose the word themselves. Logits
  /// are log-probabilities up to a constant. Returns a buffer of the stream, which the next step overwrites. Throws
  /// heed::Error if the source is not finished or the target has ended.
  const Buffer<S>& logits() {
    require(finished_, "Stream: the source is not finished; call finish_source() first");
    require(!ended_, "Stream: the target has ended; call start() for the next sentence");
    if (has_logits_) return step_.logits;
    detail::Undo restart([this] { start(); });
    take_step(model_, std::span(&last_, 1), tape_.memory, step_);
    has_logits_ = weighted_ = true;
    restart.cancel();
    return step_.logits;
  }

  /// Attention weights of the step that predicted the last word, or, after `logits`, of the step that predicts the next
  /// word: one per source word, none if the decoder has no attention. Returns a view of a buffer of the stream, which
  /// is valid until the next non-const call. Throws heed::Error if no step was run since `finish_source`.
  auto weights() const {
    require(weighted_, "Stream: there are no attention weights before the first step; call next() or logits()");
    const auto& weights = step_.decoder.attention.weights;
    return weights.col(0).head(std::min(weights.rows(), tape_.memory.longest()));
  }

  double log_probability() const { return log_probability_; }  ///< sum over all target words so far, eos included
  bool ended() const { return ended_; }                        ///< whether the target has ended with eos

 private:
  using EncoderType = std::remove_cvref_t<decltype(std::declval<const Model&>().encoder)>;

  /// True if `feed` encodes each word, false if `finish_source` encodes all words.
  bool reads_along() const {
    if constexpr (detail::keeps_states<EncoderType>) {
      return model_.encoder.directions() == 1 && !model_.encoder.starts_at_end(0);
    } else {
      return false;
    }
  }

  /// Encodes the word in x_, starting from the states after the previous word.
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

  /// Appends `word` to the target. The logits of this step must have been computed.
  void write(Token word) {
    const auto where = [] { return std::string("Stream"); };
    const double base = detail::logit_offset<S>(step_.logits.data(), step_.logits.rows(), log_probability_, where);
    require(!detail::is_excluded(step_.logits(word)),
            [&] { return "Stream: token " + std::to_string(word) + " cannot be appended, it has the logit -inf"; });
    log_probability_ = base + static_cast<double>(step_.logits(word));
    last_ = word;
    has_logits_ = false;
    ended_ = word == symbols::eos;
  }

  const Model& model_;
  Seq2SeqTape<S> tape_;
  StepWorkspace<S> step_;
  PackedBatch one_;          ///< packing of a single word
  EncoderStates<S> states_;  ///< encoder states after the last word
  Buffer<S> x_, outputs_;    ///< the last word, embedded; encoder outputs of all words, with room for more
  std::vector<Index> lengths_;
  std::vector<Token> source_;
  Token last_ = symbols::bos;
  double log_probability_ = 0;
  bool finished_ = false, ended_ = false;
  bool has_logits_ = false;  ///< whether the step that predicts the next word has been run
  bool weighted_ = false;    ///< whether any step has been run
};

}}  // namespace heed::v0_2
