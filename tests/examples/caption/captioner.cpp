#include "../../../examples/caption/captioner.hpp"
#include "support/prepacked.hpp"

#include <heed/search/search.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

namespace captioner_test {

using heed::Index;
using heed::Token;

using Captioner = examples::Captioner<double>;

/// A small captioner and a batch of three images with captions of different lengths.
struct Trial {
  heed::Random random{761};
  Captioner model;
  std::vector<std::vector<double>> pixels;
  std::vector<std::vector<Token>> words{{3, 4}, {4, 5, 6, 3}, {6}};
  std::vector<std::span<const double>> images;
  std::vector<std::span<const Token>> captions;
  examples::CaptionerTape<double> tape;

  Trial() {
    using Stage = heed::ImageStage<double>;
    const heed::MaxPool2d<double> halve(heed::Window{.height = 2, .width = 2, .stride = 2}),
        keep(heed::Window{.height = 1, .width = 1});
    model.encoder =
        heed::ImageEncoder<double>({Stage{heed::Conv2d<double>(2, 3, {.height = 3, .width = 3, .padding = 1}), halve},
                                    Stage{heed::Conv2d<double>(3, 4, {.height = 1, .width = 1}), keep}});
    model.target = heed::Embedding<double>(3, 7);
    model.decoder = Captioner::Decoder({.word_size = 3, .memory_size = 4, .hidden_size = 5, .feature_size = 3},
                                       {{heed::AdditiveScorer<double>(5, 4, 3), {}}, 5});
    model.output = heed::Linear<double>(3, 7);
    model.height = 4;
    model.width = 6;
    randomize(model, random, 0.8);
    for (int i = 0; i < 3; ++i) {
      const heed::Matrix<double> x = random_matrix(2, 24, random);
      pixels.emplace_back(x.data(), x.data() + x.size());
    }
    images.assign(pixels.begin(), pixels.end());
    captions.assign(words.begin(), words.end());
  }
  heed::LossOptions<double> options{0.1, 1, nullptr, 0, 0.3};
  double loss(Captioner& grad) { return model.loss_and_gradient(images, captions, tape, grad, options); }
};

TEST(Captioner, GradientsMatchCentralDifferences) {
  Trial trial;
  auto grad = heed::zeros_like(trial.model), ignored = grad;
  trial.loss(grad);
  const auto check = heed::check_gradients(trial.model, grad, [&] { return trial.loss(ignored); });
  EXPECT_LE(check.error, 1e-6) << check.name << ' ' << check.place;
  EXPECT_EQ(check.checked, heed::parameter_count(trial.model));
}

TEST(Captioner, ContextDropoutHasExactGradients) {
  Trial trial;
  auto grad = heed::zeros_like(trial.model), ignored = grad;
  const double all = trial.loss(ignored);
  trial.model.decoder.context_dropout = heed::Dropout<double>(0.5);
  EXPECT_EQ(trial.loss(ignored), all);
  const auto drawn = [&](Captioner& to) {
    heed::Random random(13);
    trial.options.random = &random;
    return trial.loss(to);
  };
  EXPECT_NE(drawn(grad), all);
  const auto check = heed::check_gradients(trial.model, grad, [&] { return drawn(ignored); });
  EXPECT_LE(check.error, 1e-6) << check.name << ' ' << check.place;
}

TEST(Captioner, PenaltyMatchesEquation14) {
  Trial trial;
  auto grad = heed::zeros_like(trial.model);
  const double with = trial.loss(grad);
  trial.options.doubly_stochastic = 0;
  const double without = trial.loss(grad);
  double penalty = 0;
  for (Index p = 0; p < 3; ++p) {
    for (Index place = 0; place < 6; ++place) {
      double sum = 0;
      for (Index t = 0; t < trial.tape.target.packing.length(p); ++t) {
        sum += trial.tape.decoder.attention.weights(place, trial.tape.target.packing.column(t, p));
      }
      penalty += (1 - sum) * (1 - sum);
    }
  }
  EXPECT_NEAR(with - without, 0.3 * penalty, 1e-12);
}

TEST(Captioner, SearchMatchesTeacherForcing) {
  Trial trial;
  trial.model.encode(trial.images, trial.tape);
  heed::SearchWorkspace<double> work;
  std::vector<heed::Hypothesis<double>> found;
  heed::SearchOptions options;
  options.maximum_length = 6;
  heed::search(trial.model, trial.tape.memory, options, work, found);
  ASSERT_EQ(found.size(), 3u);
  // Each token is the argmax given the previous ones, and the attention weights are equal.
  for (std::size_t i = 0; i < 3; ++i) {
    const std::vector<std::span<const Token>> caption{found[i].tokens};
    trial.model.decode({&trial.images[i], 1}, caption, trial.tape);
    for (Index t = 0; t < found[i].weights.cols(); ++t) {
      EXPECT_LE(difference(trial.tape.decoder.attention.weights.col(t), found[i].weights.col(t)), 1e-14);
      heed::Vector<double> logits =
          trial.model.output.W.values() * trial.tape.decoder.features.col(t) + trial.model.output.b;
      logits(heed::symbols::bos) = logits.minCoeff();
      Index best = 0;
      logits.maxCoeff(&best);
      const auto at = static_cast<std::size_t>(t);
      EXPECT_EQ(best, at < caption[0].size() ? caption[0][at] : heed::symbols::eos);
    }
  }
}

TEST(Captioner, PrepackedModelMatches) {
  Trial trial;
  const auto packed = prepacked(trial.model);
  auto grad = heed::zeros_like(trial.model), of_packed = grad;
  const double loss = trial.loss(grad);
  EXPECT_NEAR(packed.loss_and_gradient(trial.images, trial.captions, trial.tape, of_packed, trial.options), loss,
              1e-12);
  EXPECT_LE(part_difference(of_packed, grad), 1e-12);
}

}  // namespace captioner_test
