#pragma once

#include <heed/text/subwords.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <limits>
#include <string>
#include <string_view>

#if defined(HEED_WITH_SENTENCEPIECE)
#include <sentencepiece_trainer.h>

#include <unordered_map>
#endif

namespace heed { inline namespace v0_2 {

/// Options of `train_subwords`.
struct SubwordTraining {
  std::string type = "bpe";       ///< type of the model: bpe or unigram
  std::size_t vocabulary = 8000;  ///< number of pieces, special symbols included
};

#if defined(HEED_WITH_SENTENCEPIECE)

namespace detail {

/// The lines that a function returns.
class SentencepieceLines : public sentencepiece::SentenceIterator {
 public:
  explicit SentencepieceLines(const std::function<bool(std::string&)>& next) : next_(next) { Next(); }
  bool done() const override { return done_; }
  void Next() override {
    do {
      done_ = !next_(line_);
    } while (!done_ && !has_text());
  }
  const std::string& value() const override { return line_; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  /// True if the line has characters besides spaces and the mark of words. SentencePiece ends the program if no line
  /// has.
  bool has_text() const {
    std::string_view rest = line_;
    while (!rest.empty()) {
      const std::size_t skipped = rest[0] == ' '                          ? 1
                                  : rest.starts_with(Subwords::word_mark) ? Subwords::word_mark.size()
                                                                          : 0;
      if (skipped == 0) return true;
      rest.remove_prefix(skipped);
    }
    return false;
  }

  const std::function<bool(std::string&)>& next_;
  std::string line_;
  bool done_ = false;
};

}  // namespace detail

#endif

/// Trains a SentencePiece model. `next` fills its argument with the next line, and returns false after the last one.
/// Words are separated by spaces. The text is not normalised, so the pieces can be joined to the same text. If there
/// are more than a million lines, a random million of them is used. Throws heed::Error if the text has too few words or
/// too many characters for the size of the vocabulary, and in a build without SentencePiece.
inline Subwords train_subwords([[maybe_unused]] const std::function<bool(std::string&)>& next,
                               [[maybe_unused]] const SubwordTraining& options) {
#if defined(HEED_WITH_SENTENCEPIECE)
  require(options.type == "bpe" || options.type == "unigram",
          [&] { return "train_subwords: type must be bpe or unigram, got " + detail::in_quotes(options.type); });
  const auto problem = [&](const std::string& message) {
    return "cannot train a " + options.type + " model with " + std::to_string(options.vocabulary) + " pieces" + message;
  };
  detail::SentencepieceLines lines(next);
  require(!lines.done(), [&] { return problem(": there are no words"); });
  std::string model;
  const std::unordered_map<std::string, std::string> settings = {
      {"model_type", options.type},
      {"vocab_size", std::to_string(options.vocabulary)},
      {"character_coverage", "1"},
      {"normalization_rule_name", "identity"},
      {"input_sentence_size", "1000000"},
      {"max_sentence_length", "1000000"},  // bytes; longer lines would be skipped
      {"num_threads", "1"},                // the same model on every machine
      {"minloglevel", "2"}};
  const auto status = sentencepiece::SentencePieceTrainer::Train(settings, &lines, &model);
  require(status.ok(), [&] { return problem(detail::sentencepiece_message(status)); });
  return Subwords(std::move(model));
#else
  detail::fail_without_sentencepiece();
#endif
}

/// Calls f() in a new thread. `Subwords::split` in this thread draws its random pieces from a generator with this seed.
/// Calls must not overlap. Throws what f throws, and heed::Error if the seed is 2^32 - 1, which SentencePiece reserves.
template <class F>
void with_sampling_seed(std::uint32_t seed, const F& f) {
  require(seed != std::numeric_limits<std::uint32_t>::max(), "with_sampling_seed: the seed must be below 2^32 - 1");
  // SentencePiece has one random generator per thread, and seeds it when the thread first uses it.
#if defined(HEED_WITH_SENTENCEPIECE)
  sentencepiece::SetRandomGeneratorSeed(seed);
#endif
  std::async(std::launch::async, [&] { f(); }).get();
}

}}  // namespace heed::v0_2
