#pragma once

#include "comparison.hpp"
#include "recurrent.hpp"
#include "translation.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

namespace compare {

/// Greedy or beam search: translates sources of 14 words to 14 words.
class TranslationSearch {
 public:
  const Translator model = make_translator_without_end();
  const TranslationBatch batch;
  const Index sentences, beam;
  const Stored stored;

  TranslationSearch(Index sentences_, Index beam_, Stored stored_ = Stored::float32)
      : batch(sentences_), sentences(sentences_), beam(beam_), stored(stored_) {
    model_ = ready(model, stored);
  }

  static std::string name(Index sentences, Index beam, Stored stored = Stored::float32) {
    return (beam == 1 ? "greedy" : "beam" + std::to_string(beam)) + "/batch:" + std::to_string(sentences) +
           (stored == Stored::float32 ? "" : '/' + name_of(stored));
  }

  void heed() {
    const heed::SearchOptions options{.beam = beam, .length_penalty = 0, .maximum_length = translation::words};
    heed::search(model_, batch.sources(), options, work_, results_);
  }

  /// The words that heed found: words x sentences, in the order of the sources.
  heed::Matrix<Token> found() const {
    heed::Matrix<Token> tokens(translation::words, sentences);
    tokens.setConstant(-1);
    for (Index b = 0; b < sentences; ++b) {
      const auto& sentence = results_[static_cast<std::size_t>(b)].tokens;
      const auto length = std::min(static_cast<Index>(sentence.size()), translation::words);
      tokens.col(b).head(length) = Eigen::Map<const heed::Vector<Token>>(sentence.data(), length);
    }
    return tokens;
  }

  /// A contest against `rival`. After `call`, `rival_found` returns the words that it found, words x sentences.
  ///
  /// The difference is the share of words that differ. Its tolerance is 0 with float32 weights. With 16-bit weights,
  /// another word can win a near tie, and then all later words can differ.
  Contest contest(const std::string& rival, std::function<void()> call,
                  std::function<heed::Matrix<Token>()> rival_found) {
    Contest contest{.workload = name(sentences, beam, stored), .rival = rival};
    contest.family = (beam == 1 ? "greedy" : "beam " + std::to_string(beam)) + ", batch " + std::to_string(sentences) +
                     (stored == Stored::float32 ? "" : ", 16-bit weights");
    contest.work = work();
    contest.tolerance = stored == Stored::float32 ? 0 : 0.5;
    contest.heed_call = [this] { heed(); };
    contest.rival_call = std::move(call);
    contest.difference = [this, rival_found = std::move(rival_found)] {
      const heed::Matrix<Token> tokens = found(), expected = rival_found();
      Difference worst = difference(tokens, expected);
      if (std::isfinite(worst.size)) worst.size = (tokens.array() != expected.array()).cast<double>().mean();
      return worst;
    };
    return contest;
  }

  /// Recurrent weights are read once per step, all other weights once.
  Work work() const {
    using namespace translation;
    const auto read = static_cast<double>(sentences), columns = static_cast<double>(sentences * beam);
    const double steps = static_cast<double>(words), bytes = stored == Stored::float32 ? 4 : 2;
    const Phase direction{2 * read * steps * encoder_recurrent, bytes * encoder_recurrent, steps};
    return {{2 * read * steps * 2 * encoder_input, bytes * 2 * encoder_input, 1},
            direction,
            direction,
            {2 * read * (steps * keys + bridge), bytes * (keys + bridge), 1},
            {2 * writing(columns), bytes * decoder_step, steps}};
  }

 private:
  Translator model_;
  heed::SearchWorkspace<float> work_;
  std::vector<heed::Hypothesis<float>> results_;
};

/// Calls `use(search)` for every selected search.
template <class Use>
void for_each_search(const Comparison& comparison, const Use& use) {
  const auto one = [&](Index sentences, Index beam, Stored stored) {
    if (!comparison.wants(TranslationSearch::name(sentences, beam, stored))) return;
    TranslationSearch search(sentences, beam, stored);
    use(search);
  };
  for (const Index beam : {1, 5}) {
    one(1, beam, Stored::float32);
    one(translation::batch, beam, Stored::float32);
    one(1, beam, Stored::bfloat16);
    one(1, beam, Stored::half);
  }
}

}  // namespace compare
