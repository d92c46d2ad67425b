#pragma once

#include "support/data_summary.hpp"

#include <heed/text/corpus.hpp>
#include <heed/text/vocabulary.hpp>

#include <algorithm>
#include <istream>
#include <string>
#include <vector>

namespace examples {

/// A sentence and its label.
struct Labelled {
  std::string label;
  heed::Words words;
};

/// Reads one labelled sentence per line: the label, a tab, words separated by spaces. Throws heed::Error at the first
/// invalid line.
inline std::vector<Labelled> read_labelled(std::istream& in, const std::string& name,
                                           const heed::ReadOptions& options = {}) {
  heed::LineReader line(in, name, options);
  std::vector<Labelled> sentences;
  while (line.next()) {
    const auto fields = heed::detail::split_fields(line.text(), '\t');
    if (fields.size() != 2) {
      line.fail("expected a label, a tab and a sentence, found " + std::to_string(fields.size()) +
                (fields.size() == 1 ? " column" : " columns"));
    }
    const heed::Words label = heed::split_words(fields[0]);
    if (label.size() != 1) line.fail("the label must be one word, got " + heed::detail::in_quotes(fields[0]));
    sentences.push_back({label.front(), heed::detail::read_words(line, fields[1], "the sentence", options)});
  }
  heed::require(!sentences.empty(), [&] { return name + ": is empty, expected at least one labelled sentence"; });
  return sentences;
}

inline std::vector<Labelled> read_labelled(const std::string& path, const heed::ReadOptions& options = {}) {
  auto in = heed::detail::open_text(path);
  return read_labelled(in, path, options);
}

/// The distinct labels, sorted by bytes.
inline heed::Words labels_of(const std::vector<Labelled>& sentences) {
  heed::Words labels;
  for (const Labelled& sentence : sentences) labels.push_back(sentence.label);
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  return labels;
}

/// Labelled sentences, encoded as tokens and label indices.
struct EncodedSentences {
  std::vector<std::vector<heed::Token>> sentences;
  std::vector<heed::Token> labels;
  std::vector<heed::Index> lengths;

  /// Throws heed::Error if a label is not in `all_labels`.
  EncodedSentences(const std::vector<Labelled>& given, const heed::Vocabulary& vocabulary,
                   const heed::Words& all_labels) {
    for (const Labelled& sentence : given) {
      const auto found = std::find(all_labels.begin(), all_labels.end(), sentence.label);
      heed::require(found != all_labels.end(), [&] {
        return "the label " + heed::detail::in_quotes(sentence.label) +
               " is not in the training data, which has the labels " + heed::join_words(all_labels);
      });
      sentences.push_back(vocabulary.encode(sentence.words));
      labels.push_back(static_cast<heed::Token>(found - all_labels.begin()));
      lengths.push_back(static_cast<heed::Index>(sentence.words.size()));
    }
  }

  std::size_t size() const { return sentences.size(); }

  /// The number of sentences and a hash of all words and labels.
  std::string summary() const {
    const std::vector<std::vector<heed::Token>> all_labels{labels};
    DataSummary summary(size());
    summary.add(sentences);
    summary.add(all_labels);
    return summary.text();
  }
};

}  // namespace examples
