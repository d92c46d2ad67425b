#pragma once

#include "comparison.hpp"
#include "translation.hpp"

#include <heed/training/trainer.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace compare {

/// Training: one update of heed's trainer with Adam, the gradient not clipped.
class TranslationTraining {
 public:
  const TranslationBatch batch{translation::batch};

  explicit TranslationTraining(int threads)
      : threads_(threads),
        model_(make_translator()),
        trainer_(model_, heed::Adam<Translator>(model_, rate), {.threads = threads, .clip = 0}) {}

  static constexpr double rate = 1e-3;

  static std::string name(int threads) { return "train_step/threads:" + std::to_string(threads); }

  /// The model as it is now; every call of `heed` changes it.
  const Translator& model() const { return model_; }

  void heed() { loss_before_ = mean(trainer_.update(batch.sources(), batch.targets(), number_++).loss); }

  /// The mean loss of a word that the last update began with, and the one it led to.
  double loss_before() const { return loss_before_; }
  double loss_after() const {
    Translator::Tape tape;
    return mean(model_.loss(batch.sources(), batch.targets(), tape));
  }

  /// The gradient of the first update, which Adam's first moment is a tenth of.
  Translator first_gradient() const {
    Translator gradient = trainer_.optimizer.first;
    heed::scale(gradient, static_cast<float>(1 / (1 - trainer_.optimizer.beta1)));
    return gradient;
  }

  /// A contest against `rival`, whose call updates a model of its own that began with the same parameters.
  /// `difference` is asked after one update of each.
  Contest contest(const std::string& rival, std::function<void()> call, std::function<Difference()> difference) {
    Contest contest{.workload = name(threads_), .family = "training", .rival = rival};
    contest.work = work();
    contest.cores = threads_;
    contest.heed_call = [this] { heed(); };
    contest.rival_call = std::move(call);
    contest.difference = std::move(difference);
    return contest;
  }

  /// Backward costs twice what forward does. Then Adam reads the parameter, its gradient and both moments.
  Work work() const {
    const double multiply_adds = translation::reading(translation::batch) + translation::writing(translation::batch);
    return {{.flops = 3 * 2 * multiply_adds}, {.bytes = 4 * 4 * static_cast<double>(heed::parameter_count(model_))}};
  }

 private:
  static double mean(double loss) { return loss / static_cast<double>(translation::batch * translation::words); }

  int threads_;
  Translator model_;
  heed::Trainer<Translator> trainer_;
  std::uint64_t number_ = 0;
  double loss_before_ = 0;
};

}  // namespace compare
