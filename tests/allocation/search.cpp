#include "support/allocation_counter.hpp"

#include "support/translations.hpp"

#include <gtest/gtest.h>

namespace search_test {

using heed::Index;
using heed::Token;
using heed::TranslatorConfig;

/// The number of allocations of a search after its buffers have grown.
long steady_search(const TranslatorConfig& config, std::size_t sentences, Index beam, Index maximum_length) {
  const auto model = heed::test::random_model<float>(config, 717, 1, 0.1);
  const auto batch = heed::test::copy_task(sentences, 2, 5, 717, 2);
  heed::SearchWorkspace<float> work;
  std::vector<heed::Hypothesis<float>> found;
  const heed::SearchOptions options{beam, 0.6, maximum_length};
  const long count = heed::test::steady_allocations([&] { heed::search(model, batch.sources, options, work, found); });
  EXPECT_EQ(found.size(), sentences);
  return count;
}

TEST(Search, GreedySearchDoesNotAllocate) {
  for (const TranslatorConfig& config : heed::test::every_combination({})) {
    for (const std::size_t sentences : {1u, 32u}) {
      EXPECT_EQ(steady_search(config, sentences, 1, 3), 0) << heed::test::choices(config) << ", " << sentences;
    }
  }
}

TEST(Search, BeamSearchDoesNotAllocate) {
  for (const TranslatorConfig& config : heed::test::every_combination({})) {
    if (config.cell != "lstm" && config.decoder != "plain") continue;  // the cells differ in a step, not in a beam
    EXPECT_EQ(steady_search(config, 1, 4, 12), 0) << heed::test::choices(config);
    EXPECT_EQ(steady_search(config, 8, 4, 4), 0) << heed::test::choices(config);
  }
}

TEST(Search, DoesNotAllocateAtLargeSizes) {
  for (const auto decoder : heed::decoder_names) {
    TranslatorConfig config;
    config.decoder = decoder;
    config.bidirectional = decoder != "sutskever";
    config.hidden = 512;
    config.embedding = 256;
    EXPECT_EQ(steady_search(config, 32, 1, 2), 0) << decoder;
    EXPECT_EQ(steady_search(config, 8, 4, 2), 0) << decoder;
  }
}

TEST(Search, DoesNotAllocateForSmallerBatchOrBeam) {
  const TranslatorConfig config;
  const auto model = heed::test::random_model<float>(config, 717, 1, 0.1);
  const auto batch = heed::test::copy_task(8, 3, 12, 717, 2);
  heed::SearchWorkspace<float> work;
  std::vector<heed::Hypothesis<float>> found;
  heed::search(model, batch.sources, {4, 0.6, 8}, work, found);
  const auto fewer = heed::Sentences(batch.sources).first(3);
  EXPECT_EQ(heed::test::allocations([&] { heed::search(model, fewer, {2, 0.6, 5}, work, found); }), 0);
}

TEST(Search, EditingLogitsDoesNotAllocate) {
  const auto model = heed::test::random_model<float>({}, 717, 1, 0.1);
  const auto batch = heed::test::copy_task(6, 2, 5, 717, 2);
  heed::SearchWorkspace<float> work;
  heed::Hypotheses<float> found;
  const auto edit = [](Index, std::span<const Token> tokens, Eigen::Ref<heed::Vector<float>> logits) {
    for (const Token used : tokens) logits(used) -= 3;
  };
  const auto search = [&] { heed::search(model, batch.sources, {4, 0.6, 8}, work, found, edit); };
  EXPECT_EQ(heed::test::steady_allocations(search), 0);
}

TEST(Search, EnsembleDoesNotAllocate) {
  TranslatorConfig luong;
  luong.decoder = "luong";
  const auto first = heed::test::random_model<float>({}, 717, 1, 0.1),
             second = heed::test::random_model<float>(luong, 717, 2, 0.1);
  const auto batch = heed::test::copy_task(6, 2, 5, 717, 2);
  heed::SearchWorkspace<float> work;
  heed::Hypotheses<float> found;
  const heed::Ensemble ensemble({&first, &second});
  const auto search = [&] { heed::search(ensemble, batch.sources, {4, 0.6, 8}, work, found); };
  EXPECT_EQ(heed::test::steady_allocations(search), 0);
}

TEST(Search, NBestDoesNotAllocate) {
  const std::vector<Token> words = {5, 6};
  const std::vector<std::span<const Token>> prefixes(6, words);
  for (const auto decoder : {"bahdanau", "luong", "conditional"}) {
    TranslatorConfig config;
    config.decoder = decoder;
    const auto model = heed::test::random_model<float>(config, 717, 1, 0.1);
    const auto batch = heed::test::copy_task(6, 2, 5, 717, 2);
    heed::SearchWorkspace<float> work;
    heed::Hypotheses<float> found;
    heed::SearchOptions options{4, 0.6, 8};
    options.best = 3;
    options.coverage_penalty = 0.2;
    options.minimum_length = 4;
    options.prefixes = prefixes;
    EXPECT_EQ(heed::test::steady_allocations([&] { heed::search(model, batch.sources, options, work, found); }), 0)
        << decoder;
    EXPECT_EQ(found.front().size(), 3u);
  }
}

TEST(Sample, DoesNotAllocate) {
  const auto model = heed::test::random_model<float>({}, 717, 1, 0.1);
  const auto batch = heed::test::copy_task(6, 2, 5, 717, 2);
  heed::SampleOptions options;
  options.samples = 3;
  options.maximum_length = 6;
  for (const Index top_k : {0, 40}) {
    for (const double top_p : {1.0, 0.9}) {
      options.top_k = top_k;
      options.top_p = top_p;
      heed::SampleWorkspace<float> work;
      heed::Hypotheses<float> drawn;
      EXPECT_EQ(heed::test::steady_allocations([&] { heed::sample(model, batch.sources, options, work, drawn); }), 0)
          << top_k << ", " << top_p;
      EXPECT_EQ(drawn.front().size(), 3u);
    }
  }
}

TEST(Stream, DoesNotAllocate) {
  for (const auto decoder : heed::decoder_names) {
    for (const bool bidirectional : {false, true}) {
      if (bidirectional && decoder == "sutskever") continue;  // needs a unidirectional encoder
      TranslatorConfig config;
      config.decoder = decoder;
      config.bidirectional = bidirectional;
      config.layers = 2;
      const auto model = heed::test::random_model<float>(config, 717, 1, 0.1);
      const auto batch = heed::test::copy_task(2, 20, 20, 717, 2);
      heed::Stream stream(model);
      const auto translate = [&](std::span<const Token> source) {
        stream.start();
        for (const Token word : source) stream.feed(word);
        stream.finish_source();
        for (int i = 0; i < 6 && !stream.ended(); ++i) stream.next();
        if (!stream.ended()) stream.force(5);
      };
      translate(batch.sources[0]);
      EXPECT_EQ(heed::test::allocations([&] {
                  translate(batch.sources[1]);
                  translate(batch.sources[0].first(7));
                }),
                0)
          << decoder << (bidirectional ? ", bidirectional" : "");
    }
  }
}

TEST(TeacherForcing, DoesNotAllocate) {
  const auto model = heed::test::random_model<float>({}, 717, 1, 0.1);
  const auto batch = heed::test::copy_task(9, 2, 12, 717, 2);
  heed::Seq2SeqTape<float> tape;
  std::vector<heed::PairScore> scores;
  std::vector<heed::Buffer<float>> weights;
  EXPECT_EQ(heed::test::steady_allocations([&] {
              heed::score_pairs(model, batch.sources, batch.targets, tape, scores);
              heed::align_pairs(model, batch.sources, batch.targets, tape, weights);
            }),
            0);
}

}  // namespace search_test
