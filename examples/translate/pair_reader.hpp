#pragma once

#include "support/files.hpp"
#include "support/processes.hpp"
#include "support/reading_progress.hpp"

#include <heed/io/translator.hpp>
#include <heed/text/corpus.hpp>

#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace examples {

/// The problem of a sentence with too many subwords. `side` names the sentence.
inline std::string too_many_subwords(const std::string& side, std::size_t pieces, std::size_t max_words) {
  return side + " has " + std::to_string(pieces) + " subwords, at most " + std::to_string(max_words) +
         " are allowed (--max-words)";
}

/// The files of sentence pairs: one tab-separated file, or two parallel files.
struct PairFiles {
  std::string pairs, source, target;
  std::string links;  ///< optional file of word links
  std::size_t max_words = 1000;
  heed::Tokenizer source_tokenizer = {}, target_tokenizer = {};
  heed::Subwords source_subwords = {}, target_subwords = {};  ///< `check_subwords` counts their pieces

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

  /// Sets the tokenizers and the subwords of a translator.
  void tokenize_for(const heed::Translator& translator) {
    tokenize_for(translator.config);
    source_subwords = translator.source_subwords;
    target_subwords = translator.target_subwords;
  }

  /// Throws heed::Error if a side of a pair of these files has more than `max_words` pieces.
  void check_subwords(const heed::SentencePair& pair) const {
    const auto check = [&](const heed::Subwords& subwords, const heed::Words& words, const char* side,
                           const std::string& file) {
      const std::size_t pieces = subwords.empty() ? 0 : subwords.split(words).pieces.size();
      heed::require(pieces <= max_words, [&] {
        return (pairs.empty() ? file : pairs) + ':' + std::to_string(pair.line) + ": " +
               too_many_subwords(side, pieces, max_words);
      });
    };
    check(source_subwords, pair.source, "the source", source);
    check(target_subwords, pair.target, "the target", target);
  }

  /// True if all files can be read again, unlike pipes.
  bool can_be_read_again() const {
    for (const NamedFile& file : files()) {
      std::error_code ignored;
      if (!file.path.empty() && !std::filesystem::is_regular_file(file.path, ignored)) return false;
    }
    return true;
  }

  /// Reads all pairs. Throws heed::Error at the first invalid line.
  std::vector<heed::SentencePair> read() const;
};

/// Reads the pairs of files, one after the other.
class PairReader {
 public:
  /// Opens the files. Throws heed::Error if one cannot be opened. `files` must outlive the reader.
  explicit PairReader(const PairFiles& files)
      : files_(files), options_(files.options()), target_options_(options_.for_targets()) {
    if (!files.pairs.empty()) {
      first_ = std::make_unique<Input>(files.pairs, options_);
    } else {
      first_ = std::make_unique<Input>(files.source, options_);
      target_ = std::make_unique<Input>(files.target, target_options_);
    }
    if (!files.links.empty()) links_ = std::make_unique<Input>(files.links, options_);
  }

  /// Reads the next pair. Returns false after the last one.
  ///
  /// Throws heed::Error if a line is invalid, if the files have different numbers of lines, and if there are no lines.
  bool next(heed::SentencePair& pair) {
    pair = {};
    pair.line = first_->line.number() + 1;
    std::exception_ptr problem;
    bool more = false;
    if (target_ == nullptr) {
      more = read(*first_, problem, [&] { pair = heed::detail::read_pair(first_->line, options_); });
      require_lines(*first_, files_.pairs, "sentence pair");
    } else {
      more = read(*first_, problem, [&] { pair.source = heed::detail::read_sentence(first_->line, options_); });
      const bool target =
          read(*target_, problem, [&] { pair.target = heed::detail::read_sentence(target_->line, target_options_); });
      require_lines(*first_, files_.source, "sentence");
      require_lines(*target_, files_.target, "sentence");
      if (more != target) {
        heed::detail::fail_unequal_lines(files_.source, lines_of(*first_), files_.target, lines_of(*target_));
      }
    }
    if (links_ != nullptr) read_links(pair, more, problem);
    if (more && !problem) {
      try {
        files_.check_subwords(pair);
      } catch (const heed::Error&) {
        problem = std::current_exception();
      }
    }
    if (problem) {
      invalid_line_ = true;
      std::rethrow_exception(problem);
    }
    if (is_main_) progress_.show(lines());
    return more;
  }

  /// After an error: true, once, if only a line was invalid, so that `next` can continue with the next line.
  bool skip_invalid_line() { return std::exchange(invalid_line_, false); }

  /// The number of lines read.
  std::size_t lines() const { return first_->line.number(); }

 private:
  struct Input {
    Input(const std::string& path, const heed::ReadOptions& options)
        : in(heed::detail::open_text(path)), line(in, path, options) {}

    std::ifstream in;
    heed::LineReader line;
  };

  /// Reads the next line; false after the last. Calls use() if it is valid, otherwise sets `problem` if it has none.
  template <class Use>
  static bool read(Input& input, std::exception_ptr& problem, const Use& use) {
    try {
      if (!input.line.next()) return false;
      if (!problem) use();
    } catch (const heed::Error&) {
      if (input.in.bad()) throw;
      if (!problem) problem = std::current_exception();
    }
    return true;
  }

  static void require_lines(const Input& input, const std::string& path, const char* what) {
    heed::require(input.line.number() > 0, [&] { return path + ": is empty, expected at least one " + what; });
  }

  void read_links(heed::SentencePair& pair, bool more, std::exception_ptr& problem) {
    const bool links = read(*links_, problem, [&] {
      if (more) pair.sure = heed::detail::read_links(links_->line, links_->line.text(), pair);
    });
    if (links == more) return;
    heed::fail(files_.links + ": expected one line of links for each of " + std::to_string(lines_of(*first_)) +
               " pairs, found " + std::to_string(lines_of(*links_)) + " lines");
  }

  /// The number of lines of a file: reads the rest of it.
  static std::size_t lines_of(Input& input) {
    std::exception_ptr ignored;
    while (read(input, ignored, [] {})) {
    }
    return input.line.number();
  }

  const PairFiles& files_;
  heed::ReadOptions options_, target_options_;
  std::unique_ptr<Input> first_, target_, links_;
  bool invalid_line_ = false, is_main_ = Processes().is_main();
  ReadingProgress progress_;
};

inline std::vector<heed::SentencePair> PairFiles::read() const {
  PairReader reader(*this);
  std::vector<heed::SentencePair> all;
  for (heed::SentencePair pair; reader.next(pair);) all.push_back(std::move(pair));
  return all;
}

}  // namespace examples
