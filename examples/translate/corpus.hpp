#pragma once

#include "support/batches.hpp"
#include "support/data_summary.hpp"
#include "support/error_policy.hpp"
#include "support/sequence_store.hpp"
#include "translate/pair_reader.hpp"

#include <heed/io/translator.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace examples {

/// The valid pairs of a file with invalid lines.
struct ValidPairs {
  std::vector<heed::SentencePair> pairs;  ///< with their line numbers
  std::size_t lines = 0;                  ///< lines of the file, invalid ones included
};

/// Reads the valid sentence pairs and reports every line that is skipped. Throws if there are no lines.
inline ValidPairs read_valid(const PairFiles& files) {
  PairReader reader(files);
  ValidPairs result;
  for (heed::SentencePair pair;;) {
    try {
      if (!reader.next(pair)) break;
      result.pairs.push_back(std::move(pair));
    } catch (const heed::Error& error) {
      if (!reader.skip_invalid_line()) throw;
      ErrorPolicy::report(error.what());
    }
  }
  result.lines = reader.lines();
  return result;
}

/// Sentence pairs that can be read several times: a view of pairs in memory, or files, which are read again each time.
/// The pairs of files that can be read only once, such as pipes, are kept in memory.
class PairData {
 public:
  PairData(const std::vector<heed::SentencePair>& pairs)  // NOLINT: implicit, so that programs can pass their pairs
      : pairs_(&pairs) {}
  PairData(std::vector<heed::SentencePair>&& pairs) = delete;
  explicit PairData(const PairFiles& files) : files_(files) {
    if (files.can_be_read_again()) return;
    kept_ = std::make_shared<std::vector<heed::SentencePair>>(files.read());
    pairs_ = kept_.get();
  }

  /// Reads the pairs from the first to the last. The data must outlive it.
  class Pass {
   public:
    explicit Pass(const PairData& data) : data_(data) {
      if (data.pairs_ == nullptr) reader_.emplace(data.files_);
    }

    /// The next pair, valid until the next call; null after the last one. Throws heed::Error if a line is invalid.
    const heed::SentencePair* next() {
      if (reader_) return reader_->next(pair_) ? &pair_ : nullptr;
      return next_ < data_.pairs_->size() ? &(*data_.pairs_)[next_++] : nullptr;
    }

   private:
    const PairData& data_;
    std::optional<PairReader> reader_;
    heed::SentencePair pair_;
    std::size_t next_ = 0;
  };

  /// Throws heed::Error if a sentence of the files has too many subwords of a translator.
  void check_subwords(const heed::Translator& translator) const {
    if (translator.source_subwords.empty() && translator.target_subwords.empty()) return;
    PairFiles files = files_;
    files.tokenize_for(translator);
    Pass pass(*this);
    while (const heed::SentencePair* const pair = pass.next()) files.check_subwords(*pair);
  }

 private:
  PairFiles files_;
  std::shared_ptr<const std::vector<heed::SentencePair>> kept_;  ///< read from pipes; copies share them
  const std::vector<heed::SentencePair>* pairs_ = nullptr;       ///< null: the files are read
};

/// Sentence pairs, encoded as tokens.
struct EncodedPairs {
  SequenceStore<heed::Token> source, target;
  SequenceStore<heed::Link> links;  ///< sure links of the tokens
  std::vector<heed::Index> source_lengths, target_lengths;

  /// How to encode pairs.
  struct Options {
    double sampling = 0;      ///< the `sampling` of `Subwords::split`
    std::string folder = {};  ///< folder of temporary files for the tokens; empty: they are in memory
  };

  EncodedPairs(const PairData& pairs, const heed::Translator& translator, const Options& options)
      : source(options.folder), target(options.folder), links(options.folder) {
    PairData::Pass pass(pairs);
    while (const heed::SentencePair* const pair = pass.next()) {
      const heed::SubwordSentence from = translator.source_subwords.split(pair->source, options.sampling);
      const heed::SubwordSentence to = translator.target_subwords.split(pair->target, options.sampling);
      source.add(translator.source.encode(from.pieces));
      target.add(translator.target.encode(to.pieces));
      links.add(heed::links_of_pieces(pair->sure, from.word_of_piece, to.word_of_piece));
      source_lengths.push_back(std::ssize(from.pieces));
      target_lengths.push_back(std::ssize(to.pieces));
    }
    source.finish();
    target.finish();
    links.finish();
  }
  EncodedPairs(const PairData& pairs, const heed::Translator& translator)
      : EncodedPairs(pairs, translator, Options()) {}

  std::size_t size() const { return source.size(); }

  /// The number of pairs and a hash of all tokens and links.
  std::string summary() const {
    DataSummary summary(size());
    summary.add(source);
    summary.add(target);
    summary.add(links);
    return summary.text();
  }
};

}  // namespace examples
