#pragma once

#include "comparison.hpp"
#include "translation.hpp"

#include <heed/training/trainer.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace compare {

/// One update of heed's trainer with Adam, without gradient clipping.
class TranslationTraining {
 public:
  const TranslationBatch batch{translation::batch};

  explicit TranslationTraining(int threads)
      : threads_(threads),
        model_(make_translator()),
        trainer_(model_, heed::Adam<Translator>(model_, rate), {.threads = threads, .clip = 0}) {}

  static constexpr double rate = 1e-3;

  static std::string name(int threads) { return "train_step/threads:" + std::to_string(threads); }

  /// The current model. Every call of `heed` changes it.
  const Translator& model() const { return model_; }

  void heed() { loss_before_ = mean(trainer_.update(batch.sources(), batch.targets(), number_++).loss); }

  /// The mean loss per word before and after the last update.
  double loss_before() const { return loss_before_; }
  double loss_after() const {
    Translator::Tape tape;
    return mean(model_.loss(batch.sources(), batch.targets(), tape));
  }

  /// The gradient of the first update, computed from Adam's first moment, which is (1 - beta1) times this gradient.
  Translator first_gradient() const {
    Translator gradient = trainer_.optimizer.first;
    heed::scale(gradient, static_cast<float>(1 / (1 - trainer_.optimizer.beta1)));
    return gradient;
  }

  /// A contest against `rival`. `call` updates the rival's model, which initially has the same parameters. `difference`
  /// is called after one update of each.
  Contest contest(const std::string& rival, std::function<void()> call, std::function<Difference()> difference) {
    Contest contest{.workload = name(threads_), .family = "training", .rival = rival};
    contest.work = work();
    contest.cores = threads_;
    contest.heed_call = [this] { heed(); };
    contest.rival_call = std::move(call);
    contest.difference = std::move(difference);
    return contest;
  }

  /// Backward takes twice the operations of forward. Then Adam reads the parameters, the gradient and both moments.
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
