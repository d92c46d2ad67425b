#pragma once

#include "support/batches.hpp"
#include "support/data_summary.hpp"
#include "support/error_policy.hpp"
#include "support/files.hpp"

#include <heed/io/translator_config.hpp>
#include <heed/text/corpus.hpp>
#include <heed/text/vocabulary.hpp>

#include <cstdint>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace examples {

/// The files of sentence pairs: one tab-separated file, or two parallel files.
struct PairFiles {
  std::string pairs, source, target;
  std::string links;  ///< optional file of word links
  std::size_t max_words = 1000;
  heed::Tokenizer source_tokenizer = {}, target_tokenizer = {};

  bool given() const { return !pairs.empty() || !source.empty() || !target.empty(); }

  std::vector<NamedFile> files() const {
    return {{"data file", pairs}, {"data file", source}, {"data file", target}, {"data file", links}};
  }

  heed::ReadOptions options() const {
    return {.allow_missing_target = false,
            .max_words = max_words,
            .max_words_option = "--max-words",
            .source_tokenizer = source_tokenizer,
            .target_tokenizer = target_tokenizer};
  }

  /// Sets the tokenizers of a model.
  void tokenize_for(const heed::TranslatorConfig& config) {
    source_tokenizer = heed::Tokenizer(config.source_tokenizer);
    target_tokenizer = heed::Tokenizer(config.target_tokenizer);
  }

  std::vector<heed::SentencePair> read() const {
    auto read = pairs.empty() ? heed::read_parallel(source, target, options()) : heed::read_pairs(pairs, options());
    if (!links.empty()) heed::read_links(links, read, options());
    return read;
  }
};

/// The valid pairs of a file with invalid lines.
struct ValidPairs {
  std::vector<heed::SentencePair> pairs;  ///< with their line numbers
  std::size_t lines = 0;                  ///< lines of the file, invalid ones included
};

namespace detail {

/// One side of the pairs of two parallel files, or both sides of one file, read line by line.
template <class Read>
class ValidLines {
 public:
  ValidLines(const std::string& path, const heed::ReadOptions& options, Read read)
      : in_(heed::detail::open_text(path)), line_(in_, path, options), read_(std::move(read)) {}

  /// Reads the next line; false after the last. Calls use(value) if it is valid, otherwise sets `problem` to the error.
  template <class Use>
  bool next(std::string& problem, Use&& use) {
    try {
      if (!line_.next()) return false;
      use(read_(line_));
    } catch (const heed::Error& error) {
      if (in_.bad()) throw;
      problem = error.what();
    }
    return true;
  }

 private:
  std::ifstream in_;
  heed::LineReader line_;
  Read read_;
};

}  // namespace detail

/// Reads the valid sentence pairs and reports every line that is skipped. Throws if there are no lines.
inline ValidPairs read_valid(const PairFiles& files) {
  const heed::ReadOptions options = files.options();
  ValidPairs result;
  std::string problem;
  const auto keep = [&](heed::SentencePair pair) {
    pair.line = ++result.lines;
    if (problem.empty()) {
      result.pairs.push_back(std::move(pair));
    } else {
      ErrorPolicy::report(std::exchange(problem, {}));
    }
  };
  if (!files.pairs.empty()) {
    const auto read = [&](const heed::LineReader& line) { return heed::detail::read_pair(line, options); };
    detail::ValidLines lines(files.pairs, options, read);
    for (heed::SentencePair pair; lines.next(problem, [&](heed::SentencePair&& valid) { pair = std::move(valid); });) {
      keep(std::exchange(pair, {}));
    }
    heed::require(result.lines > 0, [&] { return files.pairs + ": is empty, expected at least one sentence pair"; });
    return result;
  }
  const auto reader = [](const heed::ReadOptions& how) {
    return [how](const heed::LineReader& line) { return heed::detail::read_sentence(line, how); };
  };
  const heed::ReadOptions target_options = options.for_targets();
  detail::ValidLines sources(files.source, options, reader(options));
  detail::ValidLines targets(files.target, target_options, reader(target_options));
  for (;;) {
    heed::SentencePair pair;
    const bool source = sources.next(problem, [&](heed::Words&& words) { pair.source = std::move(words); });
    std::string target_problem;
    const bool target = targets.next(target_problem, [&](heed::Words&& words) { pair.target = std::move(words); });
    if (problem.empty()) problem = std::move(target_problem);
    heed::require(source == target, [&] {
      return (source ? files.source : files.target) + ":" + std::to_string(result.lines + 1) +
             ": the other file has no such line; parallel files must have the same number of lines";
    });
    heed::require(source || result.lines > 0,
                  [&] { return files.source + ": is empty, expected at least one sentence"; });
    if (!source) return result;
    keep(std::move(pair));
  }
}

/// The source and the target vocabulary of training pairs. With shared embeddings both are the vocabulary of all words.
inline std::pair<heed::Vocabulary, heed::Vocabulary> vocabularies(const std::vector<heed::SentencePair>& pairs,
                                                                  const heed::TranslatorConfig& config,
                                                                  std::size_t minimum_frequency) {
  if (config.shared_embeddings) {
    const auto both = [](const heed::SentencePair& pair) {
      heed::Words words = pair.source;
      words.insert(words.end(), pair.target.begin(), pair.target.end());
      return words;
    };
    const auto shared = heed::Vocabulary::build(pairs, minimum_frequency, both);
    return {shared, shared};
  }
  return {heed::Vocabulary::build(pairs, minimum_frequency, &heed::SentencePair::source),
          heed::Vocabulary::build(pairs, minimum_frequency, &heed::SentencePair::target)};
}

/// Sentence pairs, encoded as tokens.
struct EncodedPairs {
  std::vector<std::vector<heed::Token>> source, target;
  std::vector<heed::Links> links;  ///< sure links
  std::vector<heed::Index> source_lengths, target_lengths;

  EncodedPairs(const std::vector<heed::SentencePair>& pairs, const heed::Vocabulary& source_words,
               const heed::Vocabulary& target_words) {
    for (const auto& pair : pairs) {
      source.push_back(source_words.encode(pair.source));
      target.push_back(target_words.encode(pair.target));
      links.push_back(pair.sure);
      source_lengths.push_back(static_cast<heed::Index>(pair.source.size()));
      target_lengths.push_back(static_cast<heed::Index>(pair.target.size()));
    }
  }

  std::size_t size() const { return source.size(); }

  /// The number of pairs and a hash of all tokens and links.
  std::string summary() const {
    std::vector<std::vector<heed::Token>> positions;
    for (const heed::Links& of_pair : links) {
      positions.emplace_back();
      for (const heed::Link& link : of_pair) {
        positions.back().push_back(static_cast<heed::Token>(link.source));
        positions.back().push_back(static_cast<heed::Token>(link.target));
      }
    }
    return data_summary({&source, &target, &positions});
  }
};

}  // namespace examples
