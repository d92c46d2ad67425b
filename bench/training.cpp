// Training and greedy search with the translator of the demo: a bidirectional GRU encoder and Bahdanau's decoder with
// the additive scorer, hidden size 128, embedding size 64, 335 source and 717 target words. The words are random. The
// sentences have the lengths of those in examples/data and are batched by length as in training. `words` counts target
// words, eos included. FLOP counts the matrix products (2 per multiply-add); the backward pass counts twice as much as
// the forward pass.
//
//   train/batch:64/threads:2                    one update: loss, gradient, gradient clipping, Adam
//   greedy/DECODER/batch:64                     greedy search: sentences of 12 words are translated to 13 words each

#include "compare/machine.hpp"
#include "support.hpp"

#include <heed/io/translation_model.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace {

using bench::Index;
using heed::Token;

constexpr Index source_words = 335, target_words = 717, batch_size = 64;

heed::TranslationModel<float> make_model(const std::string& decoder = "bahdanau") {
  heed::TranslatorConfig config;
  config.decoder = decoder;
  config.bidirectional = decoder != "sutskever";
  auto model = heed::make_model<float>(config, source_words, target_words);
  heed::Random random(1);
  heed::initialize(model, random);
  return model;
}

std::vector<Token> random_sentence(Index length, Index vocabulary, heed::Random& random) {
  std::vector<Token> sentence(static_cast<std::size_t>(length));
  constexpr auto specials = heed::symbols::eos + 1;
  for (Token& word : sentence) {
    word = specials + static_cast<Token>(random.below(static_cast<std::uint64_t>(vocabulary - specials)));
  }
  return sentence;
}

/// Sentences for 32 batches, which is the number of batches that training sorts by length together.
struct Corpus {
  std::vector<std::vector<Token>> sources, targets;
  std::vector<std::vector<std::span<const Token>>> source_batches, target_batches;

  Corpus() {
    heed::Random random(1);
    constexpr std::array lengths = {5, 6, 7, 9, 10, 12, 13, 16, 19, 24};  // deciles of train.tsv; a target has 1 more
    std::vector<Index> source_lengths, target_lengths;
    for (Index i = 0; i < 32 * batch_size; ++i) {
      source_lengths.push_back(lengths[random.below(lengths.size())]);
      target_lengths.push_back(source_lengths.back() + 1);
      sources.push_back(random_sentence(source_lengths.back(), source_words, random));
      targets.push_back(random_sentence(target_lengths.back(), target_words, random));
    }
    for (const auto& batch : heed::make_batches(source_lengths, target_lengths, batch_size, random)) {
      auto& some_sources = source_batches.emplace_back();
      auto& some_targets = target_batches.emplace_back();
      for (const Index i : batch) {
        some_sources.emplace_back(sources[static_cast<std::size_t>(i)]);
        some_targets.emplace_back(targets[static_cast<std::size_t>(i)]);
      }
    }
  }
};

/// The FLOP of one forward and backward pass over a batch.
double flops(const heed::TranslationModel<float>& model, heed::Sentences sources, heed::Sentences targets) {
  double read = 0, written = 0, coverage = 0, products = 0;
  for (std::size_t b = 0; b < sources.size(); ++b) {
    const auto length = static_cast<double>(sources[b].size()), steps = static_cast<double>(targets[b].size() + 1);
    read += length;
    written += steps;
    coverage += length * steps;
  }
  const heed::TranslatorConfig config;
  heed::for_each_parameter(
      [&](const heed::ParameterName& name, const auto& W) {
        const std::string path = name.str();
        if (name.leaf() == "table" || W.cols() == 1) return;  // not used in a matrix product
        const bool of_source = path.starts_with("encoder") || path.ends_with("scorer.U");
        const bool of_sentence = path.find("bridge") != std::string::npos;
        products += static_cast<double>(W.size()) * (of_source     ? read
                                                     : of_sentence ? static_cast<double>(sources.size())
                                                                   : written);
      },
      model);
  products += coverage * static_cast<double>(config.hidden + config.memory_size());  // scores and contexts
  return 3 * 2 * products;
}

void train(benchmark::State& state, int threads) {
  const Corpus corpus;
  auto model = make_model();
  heed::TranslationModel<float>::Tape tape;
  heed::Trainer trainer(model, heed::Adam(model, 1e-3), {.threads = threads});
  const double expected = model.loss(corpus.source_batches.front(), corpus.target_batches.front(), tape);
  const auto first = trainer.update(corpus.source_batches.front(), corpus.target_batches.front(), 0);
  if (!(std::abs(first.loss - expected) <= 1e-4 * expected)) {
    state.SkipWithError("the threads together find another loss than one pass over the batch");
    return;
  }
  const std::size_t batches = corpus.source_batches.size();
  std::vector<double> batch_flops;
  for (std::size_t i = 0; i < batches; ++i) {
    batch_flops.push_back(flops(model, corpus.source_batches[i], corpus.target_batches[i]));
  }
  double words = 0, products = 0;
  std::uint64_t number = 0;
  for (auto _ : state) {
    const std::size_t i = ++number % batches;
    auto update = trainer.update(corpus.source_batches[i], corpus.target_batches[i], number);
    benchmark::DoNotOptimize(update);
    words += static_cast<double>(update.words);
    products += batch_flops[i];
  }
  state.counters["words"] = benchmark::Counter(words, benchmark::Counter::kIsRate);
  state.counters["FLOP"] = benchmark::Counter(products, benchmark::Counter::kIsRate);
}

/// The same model with a decoder that no option of the translator selects. `make(size)` makes this decoder for a memory
/// of `size` rows.
template <class Cell, class Make>
auto make_model_around(const heed::TranslatorConfig& config, const Make& make) {
  heed::Encoder<Cell> encoder({.input_size = config.embedding, .hidden_size = config.hidden, .bidirectional = true});
  auto decoder = make(config.memory_size());
  heed::Seq2Seq<heed::Encoder<Cell>, decltype(decoder)> model(
      {.source_vocabulary = source_words, .target_vocabulary = target_words}, std::move(encoder), std::move(decoder));
  heed::Random random(1);
  heed::initialize(model, random);
  return model;
}

/// The model with the decoder of Bahdanau, Cho & Bengio 2015, with the maxout readout of the appendix.
auto make_maxout_model() {
  using Cell = heed::GruCell<float, heed::Dynamic, heed::Dynamic, heed::gru_forms::bahdanau>;
  using Scorer = heed::AdditiveScorer<float>;
  const heed::TranslatorConfig config;
  return make_model_around<Cell>(config, [&](Index memory) {
    return heed::BahdanauMaxoutDecoder<Cell, Scorer>({.word_size = config.embedding,
                                                      .memory_size = memory,
                                                      .hidden_size = config.hidden,
                                                      .feature_size = config.hidden},
                                                     {Scorer(config.hidden, memory, config.hidden), {}});
  });
}

/// The model with the decoder of Show, Attend and Tell (Xu et al. 2015).
auto make_caption_model() {
  using Cell = heed::LstmCell<float>;
  using Scorer = heed::AdditiveScorer<float>;
  const heed::TranslatorConfig config;
  return make_model_around<Cell>(config, [&](Index memory) {
    return heed::CaptionDecoder<Cell, Scorer>({.word_size = config.embedding,
                                               .memory_size = memory,
                                               .hidden_size = config.hidden,
                                               .feature_size = config.embedding},
                                              {{Scorer(config.hidden, memory, config.hidden), {}}, config.hidden});
  });
}

template <class Model>
void greedy(benchmark::State& state, Model model) {
  constexpr Index length = 12, words = length + 1;
  model.output.b(heed::symbols::eos) = -1e3f;  // no eos before the length limit, so the work is always the same
  heed::Random random(1);
  std::vector<std::vector<Token>> sentences;
  for (Index b = 0; b < batch_size; ++b) sentences.push_back(random_sentence(length, source_words, random));
  const std::vector<std::span<const Token>> sources(sentences.begin(), sentences.end());
  const heed::SearchOptions options{.beam = 1, .length_penalty = 0, .maximum_length = words};
  heed::SearchWorkspace<float> work;
  std::vector<heed::Hypothesis<float>> alone, results;
  heed::search(model, std::span(sources).first(1), options, work, alone);
  heed::search(model, sources, options, work, results);
  const double expected = alone.front().log_probability;
  bool right = std::abs(results.front().log_probability - expected) <= 1e-4 * std::abs(expected);
  for (const auto& result : results) right = right && result.tokens.size() == std::size_t{words};
  if (!right) {
    state.SkipWithError("a sentence is decoded otherwise in the batch than alone, or to another length");
    return;
  }
  bench::measure(state, results, [&] { heed::search(model, sources, options, work, results); });
  bench::count(state, "words", static_cast<double>(batch_size * words));
}

[[maybe_unused]] const bool added = [] {
  for (const int threads : compare::thread_counts()) {
    bench::add_row("train/batch:64/threads:" + std::to_string(threads), [=](benchmark::State& state) {
      train(state, threads);
    })->UseRealTime();
  }
  for (const char* const decoder : {"bahdanau", "luong", "conditional", "plain", "cho", "sutskever"}) {
    bench::add_row(std::string("greedy/") + decoder + "/batch:64",
                   [=](benchmark::State& state) { greedy(state, make_model(decoder)); });
  }
  bench::add_row("greedy/maxout/batch:64", [](benchmark::State& state) { greedy(state, make_maxout_model()); });
  bench::add_row("greedy/caption/batch:64", [](benchmark::State& state) { greedy(state, make_caption_model()); });
  return true;
}();

}  // namespace
