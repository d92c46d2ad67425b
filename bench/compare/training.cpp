// Trains the translator of examples/translate/recipes/multi30k_words.toml with heed and with PyTorch, from the same
// initial parameters on the same batches. Prints both loss curves, then the target words per second of both.

#include "comparison.hpp"
#include "pytorch_adam.hpp"
#include "pytorch_batch.hpp"

#include <heed/text/corpus.hpp>
#include <heed/text/vocabulary.hpp>
#include <heed/training/batches.hpp>
#include <heed/training/trainer.hpp>

#include <ATen/Parallel.h>
#include <torch/version.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace compare;

struct Options {
  std::string source, target;
  std::vector<int> threads{1, 2};
  int updates = 100, rounds = 15, updates_per_round = 5;
  Index batch = 64;
  double dropout = 0.4;
};

/// The other options of the recipe, and the default of `translate train` for gradient clipping.
constexpr Index embedding = 256, hidden = 320;
constexpr double smoothing = 0.1, rate = 1e-3, clip = 1;

void add_to(CLI::App& app, Options& options) {
  app.add_option("--source", options.source, "source sentences, one per line")->required();
  app.add_option("--target", options.target, "target sentences, one per line")->required();
  app.add_option("--threads", options.threads, "numbers of threads; each must be at most the number of cores")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--updates", options.updates, "updates of the loss curves, without dropout; 1 or more")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--rounds", options.rounds, "rounds of the time measurement; 1 or more")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--updates-per-round", options.updates_per_round, "updates of each side in a round; 1 or more")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--batch-size", options.batch, "sentences per update; 1 or more")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--dropout", options.dropout, "dropout rate in the time measurement, in [0, 1)")
      ->check(CLI::Range(0.0, 0.99))
      ->capture_default_str();
}

/// A batch in the forms of both libraries.
struct Batch {
  std::vector<std::span<const Token>> sources, targets;
  PytorchBatch tensors;
};

/// The training data, as `translate train` encodes them: words that occur once are unknown.
class Data {
 public:
  explicit Data(const Options& options) {
    const auto pairs = heed::read_parallel(options.source, options.target);
    const auto source = heed::Vocabulary::build(pairs, 2, &heed::SentencePair::source);
    const auto target = heed::Vocabulary::build(pairs, 2, &heed::SentencePair::target);
    source_vocabulary = source.size();
    target_vocabulary = target.size();
    std::vector<Index> source_lengths, target_lengths;
    for (const auto& pair : pairs) {
      source_lengths.push_back(std::ssize(sources_.emplace_back(source.encode(pair.source))));
      target_lengths.push_back(std::ssize(targets_.emplace_back(target.encode(pair.target))));
    }
    heed::Random random(1);
    for (const auto& items : heed::make_batches(source_lengths, target_lengths, options.batch, random)) {
      std::vector<std::span<const Token>> s, t;
      for (const Index i : items) {
        s.emplace_back(sources_[static_cast<std::size_t>(i)]);
        t.emplace_back(targets_[static_cast<std::size_t>(i)]);
      }
      batches_.push_back({s, t, PytorchBatch(s, t)});
    }
  }

  Index source_vocabulary = 0, target_vocabulary = 0;

  /// The batch of update `number`, counted from 0.
  const Batch& batch(int number) const { return batches_[static_cast<std::size_t>(number) % batches_.size()]; }

 private:
  std::vector<std::vector<Token>> sources_, targets_;
  std::vector<Batch> batches_;
};

/// A model that one library trains.
struct Side {
  std::string name;
  std::function<double(const Batch&)> update;  ///< returns the mean loss per target word before the update
  std::function<void(double)> set_dropout;
  std::vector<double> losses{}, times{};  ///< the loss of each update; seconds per target word of each round
};

Side heed_side(const Translator& initial, int threads) {
  struct Training {
    Translator model;
    heed::Trainer<Translator> trainer;
    std::uint64_t number = 0;

    Training(const Translator& initial_, int threads_)
        : model(initial_),
          trainer(model, heed::Adam<Translator>(model, rate),
                  {.threads = threads_, .clip = clip, .label_smoothing = smoothing}) {}
  };
  const auto training = std::make_shared<Training>(initial, threads);
  return {"heed",
          [training](const Batch& batch) {
            const auto update = training->trainer.update(batch.sources, batch.targets, training->number++);
            return update.loss / static_cast<double>(update.words);
          },
          [training](double dropout) { training->model.dropout = heed::Dropout<float>(dropout); }};
}

Side pytorch_side(const Translator& initial, Wiring wiring) {
  struct Training {
    PytorchTranslator model;
    PytorchAdam adam;
    double dropout = 0;

    Training(const Translator& initial_, Wiring wiring_)
        : model(initial_, wiring_, true), adam(model, wiring_, rate, clip) {}
  };
  const auto training = std::make_shared<Training>(initial, wiring);
  return {
      wiring == Wiring::tuned ? "pytorch tuned" : "pytorch",
      [training](const Batch& batch) {
        return training->adam.update([&] { return training->model.loss(batch.tensors, smoothing, training->dropout); });
      },
      [training](double dropout) { training->dropout = dropout; }};
}

/// Prints the losses of some updates, and the largest difference of each PyTorch curve from heed's.
void compare_losses(std::vector<Side>& sides, const Data& data, const Options& options) {
  for (int number = 0; number < options.updates; ++number) {
    for (Side& side : sides) side.losses.push_back(side.update(data.batch(number)));
  }
  const auto& heed = sides.front().losses;
  std::printf("update");
  for (const Side& side : sides) std::printf("%15s", side.name.c_str());
  std::printf("\n");
  for (std::size_t i = 0; i < heed.size(); ++i) {
    if (i != 0 && (i + 1) % 10 != 0 && i + 1 != heed.size()) continue;
    std::printf("%6zu", i + 1);
    for (const Side& side : sides) std::printf("%15.6f", side.losses[i]);
    std::printf("\n");
  }
  for (std::size_t k = 1; k < sides.size(); ++k) {
    double absolute = 0, relative = 0;
    std::size_t update = 0;
    for (std::size_t i = 0; i < heed.size(); ++i) {
      const double size = std::abs(heed[i] - sides[k].losses[i]);
      if (size <= absolute) continue;
      update = i + 1;
      absolute = size;
      relative = size / sides[k].losses[i];
    }
    std::printf("largest difference, %s: %.2e (update %zu); relative %.2e\n", sides[k].name.c_str(), absolute, update,
                relative);
  }
}

/// Measures the times of the sides in alternation. All have the same batches in a round, and each round begins with
/// another side. The first round is not counted.
void compare_times(std::vector<Side>& sides, const Data& data, const Options& options, Clock clock) {
  for (Side& side : sides) side.set_dropout(options.dropout);
  for (int round = 0; round <= options.rounds; ++round) {
    std::vector<const Batch*> batches;
    double words = 0;
    for (int i = 0; i < options.updates_per_round; ++i) {
      batches.push_back(&data.batch(options.updates + round * options.updates_per_round + i));
      words += static_cast<double>(batches.back()->tensors.words);
    }
    for (std::size_t k = 0; k < sides.size(); ++k) {
      Side& side = sides[(k + static_cast<std::size_t>(round)) % sides.size()];
      const double begin = clock();
      for (const Batch* batch : batches) side.update(*batch);
      if (round > 0) side.times.push_back((clock() - begin) / words);
    }
  }
  const auto quartiles = [](std::vector<double> x) {
    std::sort(x.begin(), x.end());
    return std::array{x[x.size() / 4], median(x), x[x.size() - 1 - x.size() / 4]};
  };
  std::printf("%-15s%16s%28s\n", "", "tokens/s", "time relative to heed");
  for (const Side& side : sides) {
    std::vector<double> speeds, ratios;
    for (std::size_t i = 0; i < side.times.size(); ++i) {
      speeds.push_back(1 / side.times[i]);
      ratios.push_back(side.times[i] / sides.front().times[i]);
    }
    const auto speed = quartiles(speeds), ratio = quartiles(ratios);
    std::printf("%-15s%7.0f [%.0f, %.0f]", side.name.c_str(), speed[1], speed[0], speed[2]);
    std::printf("%12.2f [%.2f, %.2f]\n", ratio[1], ratio[0], ratio[2]);
  }
}

void compare_training(const Options& options) {
  const Data data(options);
  Translator initial = make_translator({.source_vocabulary = data.source_vocabulary,
                                        .target_vocabulary = data.target_vocabulary,
                                        .tied_embeddings = true},
                                       embedding, hidden, false);
  heed::Random random(1);
  heed::initialize(initial, random);
  std::printf("processor  %s\ncompiler   %s\nflags      %s\neigen      %s\n", processor().c_str(), compiler().c_str(),
              HEED_COMPARE_FLAGS, eigen().c_str());
  std::printf("pytorch    %s (%s)\n", TORCH_VERSION, at::get_cpu_capability().c_str());
  std::printf("model      %td parameters, vocabularies of %td and %td words\n", heed::parameter_count(initial),
              data.source_vocabulary, data.target_vocabulary);
  for (const int threads : options.threads) {
    if (!pin(threads)) throw std::runtime_error("--threads " + std::to_string(threads) + ": there are fewer cores");
    at::set_num_threads(threads);
    std::printf("\n%d thread%s, %s time\n", threads, threads == 1 ? "" : "s",
                threads == 1 ? "processor" : "wall-clock");
    std::vector<Side> sides{heed_side(initial, threads), pytorch_side(initial, Wiring::layers),
                            pytorch_side(initial, Wiring::tuned)};
    compare_losses(sides, data, options);
    compare_times(sides, data, options, threads == 1 ? processor_seconds : wall_seconds);
  }
}

}  // namespace

int main(int argc, char** argv) {
  wait_shortly(argv);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  CLI::App app(
      "Trains a translator with heed and with PyTorch, from the same initial parameters on the same batches: first\n"
      "without dropout, to compare the losses, then with dropout, to compare the target words (eos included) per\n"
      "second. Speeds and ratios are medians over the rounds, with quartiles in brackets.");
  Options options;
  add_to(app, options);
  CLI11_PARSE(app, argc, argv);
  try {
    compare_training(options);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
