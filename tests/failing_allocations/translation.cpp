#include <heed/cells/gru.hpp>
#include <heed/cells/lstm.hpp>
#include <heed/decoders/bahdanau.hpp>
#include <heed/decoders/luong.hpp>
#include <heed/scorers/additive.hpp>
#include <heed/scorers/coverage.hpp>
#include <heed/search/sampling.hpp>
#include <heed/search/scoring.hpp>
#include <heed/search/search.hpp>
#include <heed/search/streaming.hpp>

#include "failing_allocations/failing_allocation.hpp"
#include "failing_allocations/numbers.hpp"
#include "support/translations.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace translation_test {

using heed::Index;
using heed::Token;
using heed::test::append;
using heed::test::append_parameters;
using heed::test::Batch;
using heed::test::fail_every_allocation;
using heed::test::Numbers;

constexpr Index vocabulary = 7, size = 3;

/// Two models that differ in the position of the attention (before or after the recurrence), in the directions of the
/// encoder, and in whether attention weights are passed from step to step.
struct Bahdanau {
  static auto make() {
    using Cell = heed::GruCell<float>;
    using Scorer = heed::AdditiveScorer<float>;
    const heed::Encoder<Cell> encoder({.input_size = size, .hidden_size = size, .bidirectional = true});
    const heed::BahdanauDecoder<Cell, Scorer> decoder(
        {.word_size = size, .memory_size = 2 * size, .hidden_size = size, .feature_size = size},
        {{size, 2 * size, size}, {}});
    return heed::Seq2Seq({.source_vocabulary = vocabulary, .target_vocabulary = vocabulary}, encoder, decoder);
  }
};
struct Luong {
  static auto make() {
    using Cell = heed::LstmCell<float>;
    using Scorer = heed::CoverageScorer<float>;
    const heed::Encoder<Cell> encoder({.input_size = size, .hidden_size = size, .layers = 2});
    const heed::LuongDecoder<Cell, Scorer> decoder(
        {.word_size = size, .memory_size = size, .hidden_size = size, .layers = 2, .feature_size = size},
        {{size, size, size}, {}});
    return heed::Seq2Seq({.source_vocabulary = vocabulary, .target_vocabulary = vocabulary}, encoder, decoder);
  }
};

template <class Paper>
struct FailingTranslation : testing::Test {
  using Model = decltype(Paper::make());
  Model model_ = Paper::make();
  const Batch small_ = heed::test::copy_task(1, 2, 2, vocabulary, 1), batch_ = heed::test::ragged_batch();

  FailingTranslation() {
    heed::Random random(3);
    randomize(model_, random);
  }
};
using Papers = testing::Types<Bahdanau, Luong>;
TYPED_TEST_SUITE(FailingTranslation, Papers);

template <class Found>
void append_hypothesis(const Found& found, Numbers& numbers) {
  numbers.insert(numbers.end(), found.tokens.begin(), found.tokens.end());
  numbers.push_back(found.score);
  append(found.weights, numbers);
}

TYPED_TEST(FailingTranslation, LossAndGradient) {
  const auto& model = this->model_;
  const auto &small = this->small_, &batch = this->batch_;
  const auto make = [&] {
    heed::Seq2SeqTape<float> tape;
    model.loss(small.sources, small.targets, tape);
    return tape;
  };
  const auto use = [&](heed::Seq2SeqTape<float>& tape) {
    auto grad = zeros_like(model);
    Numbers numbers{model.loss_and_gradient(batch.sources, batch.targets, tape, grad)};
    append_parameters(grad, numbers);
    append(tape.weights(0, 1), numbers);
    return numbers;
  };
  EXPECT_GE(fail_every_allocation(make, use), 50);
}

TYPED_TEST(FailingTranslation, Search) {
  const auto& model = this->model_;
  const auto &small = this->small_, &batch = this->batch_;
  struct Objects {
    heed::SearchWorkspace<float> work;
    heed::Hypotheses<float> results;
  };
  heed::SearchOptions options;
  options.beam = options.best = 2;
  options.maximum_length = 4;
  const auto make = [&] {
    Objects objects;
    heed::search(model, small.sources, options, objects.work, objects.results);
    return objects;
  };
  const auto use = [&](Objects& objects) {
    heed::search(model, batch.sources, options, objects.work, objects.results);
    Numbers numbers;
    for (const auto& several : objects.results) {
      for (const auto& found : several) append_hypothesis(found, numbers);
    }
    return numbers;
  };
  const long count = fail_every_allocation(make, use);
  EXPECT_GE(count, 50);
  for (long n = 1; n <= count; n += 7) {
    Objects objects = make();
    const heed::test::FailingAllocation failing(n, heed::test::Failing::once);
    EXPECT_THROW(use(objects), std::bad_alloc);
    EXPECT_TRUE(objects.results.empty() || objects.results.size() == batch.size());
  }
}

TYPED_TEST(FailingTranslation, Sample) {
  const auto& model = this->model_;
  const auto &small = this->small_, &batch = this->batch_;
  struct Objects {
    heed::SampleWorkspace<float> work;
    heed::Hypotheses<float> results;
  };
  heed::SampleOptions options;
  options.samples = 2;
  options.maximum_length = 3;
  options.top_p = 0.9;
  const auto make = [&] {
    Objects objects;
    heed::sample(model, small.sources, options, objects.work, objects.results);
    return objects;
  };
  const auto use = [&](Objects& objects) {
    heed::sample(model, batch.sources, options, objects.work, objects.results);
    Numbers numbers;
    for (const auto& several : objects.results) {
      for (const auto& found : several) append_hypothesis(found, numbers);
    }
    return numbers;
  };
  EXPECT_GE(fail_every_allocation(make, use), 30);
}

TYPED_TEST(FailingTranslation, ScorePairsAndAlignPairs) {
  const auto& model = this->model_;
  const auto &small = this->small_, &batch = this->batch_;
  struct Objects {
    heed::Seq2SeqTape<float> tape;
    std::vector<heed::PairScore> scores;
    std::vector<heed::Buffer<float>> weights;
  };
  const auto make = [&] {
    Objects objects;
    heed::score_pairs(model, small.sources, small.targets, objects.tape, objects.scores);
    return objects;
  };
  const auto use = [&](Objects& objects) {
    heed::score_pairs(model, batch.sources, batch.targets, objects.tape, objects.scores);
    heed::align_pairs(model, batch.sources, batch.targets, objects.tape, objects.weights);
    Numbers numbers;
    for (const auto& score : objects.scores) numbers.insert(numbers.end(), score.words.begin(), score.words.end());
    for (const auto& weights : objects.weights) append(weights, numbers);
    return numbers;
  };
  EXPECT_GE(fail_every_allocation(make, use), 30);
}

TYPED_TEST(FailingTranslation, Stream) {
  const auto& model = this->model_;
  const auto& batch = this->batch_;
  using Stream = heed::Stream<std::remove_cvref_t<decltype(model)>>;
  struct Objects {
    std::unique_ptr<Stream> stream;
  };
  const auto make = [&] { return Objects{std::make_unique<Stream>(model)}; };
  const auto use = [&](Objects& objects) {
    auto& stream = *objects.stream;
    stream.start();
    for (const Token word : batch.sources[2]) stream.feed(word);
    stream.finish_source();
    Numbers numbers;
    for (int step = 0; step < 4 && !stream.ended(); ++step) {
      numbers.push_back(stream.next());
      append(stream.weights(), numbers);
    }
    numbers.push_back(stream.log_probability());
    return numbers;
  };
  EXPECT_GE(fail_every_allocation(make, use), 30);

  for (long n = 1; n <= 60; ++n) {  // after a failure, the stream waits for the first source word
    const auto stream = std::move(make().stream);
    {
      const heed::test::FailingAllocation failing(n, heed::test::Failing::once);
      try {
        for (const Token word : batch.sources[2]) stream->feed(word);
        stream->finish_source();
        stream->next();
        break;
      } catch (const std::bad_alloc&) {
      }
    }
    EXPECT_THROW(stream->next(), heed::Error) << "allocation " << n;
    EXPECT_THROW(stream->finish_source(), heed::Error) << "allocation " << n;
  }
}

}  // namespace translation_test
