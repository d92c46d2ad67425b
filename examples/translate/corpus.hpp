#pragma once

#include "support/batches.hpp"
#include "support/data_summary.hpp"
#include "support/files.hpp"

#include <heed/text/corpus.hpp>
#include <heed/text/vocabulary.hpp>

#include <string>
#include <vector>

namespace examples {

/// Where sentence pairs come from: one tab-separated file, or two parallel ones.
struct PairFiles {
  std::string pairs, source, target;
  std::size_t max_words = 1000;

  bool given() const { return !pairs.empty() || !source.empty() || !target.empty(); }

  std::vector<NamedFile> files() const { return {{"data file", pairs}, {"data file", source}, {"data file", target}}; }

  std::vector<heed::SentencePair> read() const {
    const heed::ReadOptions options{
        .allow_missing_target = false, .max_words = max_words, .max_words_option = "--max-words"};
    if (!pairs.empty()) return heed::read_pairs(pairs, options);
    return heed::read_parallel(source, target, options);
  }
};

/// Sentence pairs as numbers, ready to be cut into batches.
struct EncodedPairs {
  std::vector<std::vector<heed::Token>> source, target;
  std::vector<heed::Index> source_lengths, target_lengths;

  EncodedPairs(const std::vector<heed::SentencePair>& pairs, const heed::Vocabulary& source_words,
               const heed::Vocabulary& target_words) {
    for (const auto& pair : pairs) {
      source.push_back(source_words.encode(pair.source));
      target.push_back(target_words.encode(pair.target));
      source_lengths.push_back(static_cast<heed::Index>(pair.source.size()));
      target_lengths.push_back(static_cast<heed::Index>(pair.target.size()));
    }
  }

  std::size_t size() const { return source.size(); }

  /// How many pairs, and a number that changes with any word of them.
  std::string summary() const { return data_summary({&source, &target}); }
};

}  // namespace examples
