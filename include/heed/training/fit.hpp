#pragma once

#include <heed/training/trainer.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// Options of `fit`.
struct FitOptions {
  int epochs = 10;              ///< maximum number of passes over the training data
  Index batch_size = 32;        ///< items per update
  double learning_rate = 1e-3;  ///< learning rate of Adam
  int patience = 0;             ///< epochs without a lower validation loss after which `fit` stops; 0: it never does
  TrainerOptions trainer = {};  ///< threads, gradient clipping, label smoothing, random seed
};

/// Result of one epoch of `fit`.
struct FitEpoch {
  int number;              ///< from 1
  double loss;             ///< mean of `Trainer::Update::loss` per target word (eos included) or per label
  double validation_loss;  ///< `mean_loss` of the validation data after the epoch; NaN without validation data
  bool best;               ///< whether the validation loss is the lowest so far; true without validation data
};

namespace detail {

template <class Source>
Index source_length(const Source& source) {
  if constexpr (requires { source.size(); }) {
    return static_cast<Index>(source.size());
  } else {
    return 1;
  }
}

/// Copies the items with the given indices.
template <class Item>
std::vector<Item> select(const Items<Item>& items, const std::vector<Index>& indices) {
  std::vector<Item> result;
  result.reserve(indices.size());
  for (const Index i : indices) result.push_back(items[static_cast<std::size_t>(i)]);
  return result;
}

}  // namespace detail

/// Mean loss per target word (eos included), or per label, of a model in inference mode: without dropout, label
/// smoothing and attention losses. The items of a batch, given by their indices, are computed together. The result does
/// not depend on the number of threads. Throws heed::Error if `data` is empty, if the numbers of sources and targets
/// differ, or unless every item is in exactly one batch.
template <class Model>
double mean_loss(const Model& model, const typename Trainer<Model>::Batch& data,
                 const std::vector<std::vector<Index>>& batches, int threads = 1) {
  using Source = typename Model::Source;
  using Target = typename Model::Target;
  const std::size_t size = data.sources.size();
  require(size > 0 && data.targets.size() == size, [&] {
    return "mean_loss: expected as many sources as targets and at least one, got " + std::to_string(size) + " and " +
           std::to_string(data.targets.size());
  });
  std::vector<int> uses(size);
  for (const auto& batch : batches) {
    for (const Index i : batch) {
      require(i >= 0 && i < std::ssize(uses),
              [&] { return "mean_loss: there is no item " + std::to_string(i) + " of " + std::to_string(size); });
      ++uses[static_cast<std::size_t>(i)];
    }
  }
  const auto wrong = std::find_if(uses.begin(), uses.end(), [](int n) { return n != 1; });
  require(wrong == uses.end(), [&] {
    return "mean_loss: item " + std::to_string(wrong - uses.begin()) + " must be in one batch, it is in " +
           std::to_string(*wrong);
  });
  std::vector<double> losses(batches.size());
  std::atomic<std::size_t> next = 0;
  ThreadPool(threads).run([&](int) {
    typename Model::Tape tape;
    for (std::size_t k = next++; k < losses.size(); k = next++) {
      losses[k] = static_cast<double>(model.loss(detail::select<Source>(data.sources, batches[k]),
                                                 detail::select<Target>(data.targets, batches[k]), tape));
    }
  });
  double loss = 0;
  Index predictions = 0;
  for (const double of_batch : losses) loss += of_batch;
  for (const Target target : data.targets) predictions += detail::predictions(target);
  return loss / static_cast<double>(predictions);
}

/// Overload with batches of `batch_size` consecutive items. Throws heed::Error also if batch_size is below 1.
template <class Model>
double mean_loss(const Model& model, const typename Trainer<Model>::Batch& data, Index batch_size = 32,
                 int threads = 1) {
  require(batch_size >= 1,
          [&] { return "mean_loss: batch_size must be at least 1, got " + std::to_string(batch_size); });
  std::vector<std::vector<Index>> batches;
  for (Index i = 0; i < std::ssize(data.sources); ++i) {
    if (i % batch_size == 0) batches.emplace_back();
    batches.back().push_back(i);
  }
  return mean_loss(model, data, batches, threads);
}

/// Trains a model with Adam, epoch by epoch, and returns the results of the epochs. Each epoch shuffles the training
/// data and forms batches of items with similar lengths (`make_batches`).
///
/// With validation data, the model finally has the parameters of the epoch with the lowest validation loss; otherwise
/// those of the last epoch. `fit` prepacks the model. If `after_epoch` is given, it is called after each epoch, and
/// training ends if it returns false. A fixed seed and number of threads give the same result in every run.
///
/// The model must be initialised (`initialize`). Its type must meet the requirements of `Trainer` and have a const
/// function `loss(sources, targets, tape)`. Throws heed::Error as `Trainer` does, if there are no training data, if the
/// numbers of sources and targets differ, if an option is out of range, or if `patience` is set without validation
/// data.
///
///     heed::fit(model, {sources, targets}, {dev_sources, dev_targets}, {.epochs = 20, .patience = 3});
template <class Model>
std::vector<FitEpoch> fit(Model& model, const typename Trainer<Model>::Batch& training,
                          const typename Trainer<Model>::Batch& validation = {}, const FitOptions& options = {},
                          const std::function<bool(const FitEpoch&)>& after_epoch = {}) {
  using Source = typename Model::Source;
  using Target = typename Model::Target;
  const auto at_least = [](const char* name, Index value, Index minimum) {
    require(value >= minimum, [&] {
      return "fit: " + std::string(name) + " must be at least " + std::to_string(minimum) + ", got " +
             std::to_string(value);
    });
  };
  at_least("epochs", options.epochs, 1);
  at_least("batch_size", options.batch_size, 1);
  at_least("patience", options.patience, 0);
  require(!training.sources.empty(), "fit: there are no training data");
  const bool linked = !training.links.empty();
  require(!linked || training.links.size() == training.sources.size(), [&] {
    return "fit: there must be links for every source or for none, got " + std::to_string(training.links.size()) +
           " lists of links for " + std::to_string(training.sources.size()) + " sources";
  });
  const std::vector<std::span<const Link>> no_links;
  const bool validates = !validation.sources.empty();
  require(validates || options.patience == 0, "fit: patience needs validation data");
  std::vector<Index> source_lengths, target_lengths;
  Index predictions = 0;
  for (const Source source : training.sources) source_lengths.push_back(detail::source_length(source));
  for (const Target target : training.targets) {
    target_lengths.push_back(detail::predictions(target));
    predictions += target_lengths.back();
  }
  Trainer<Model> trainer(model, Adam<Model>(model, options.learning_rate), options.trainer);
  std::vector<FitEpoch> epochs;
  double lowest = std::numeric_limits<double>::infinity();
  std::optional<Model> best;
  std::uint64_t number = 0;
  int epochs_since_best = 0;
  while (std::ssize(epochs) < options.epochs) {
    FitEpoch epoch{static_cast<int>(epochs.size()) + 1, 0, std::numeric_limits<double>::quiet_NaN(), true};
    Random order(options.trainer.seed, static_cast<std::uint64_t>(epoch.number));
    for (const auto& batch : make_batches(source_lengths, target_lengths, options.batch_size, order)) {
      const std::vector<Source> sources = detail::select<Source>(training.sources, batch);
      const std::vector<Target> targets = detail::select<Target>(training.targets, batch);
      const auto links = linked ? detail::select<std::span<const Link>>(training.links, batch) : no_links;
      const typename Trainer<Model>::Batch items{sources, targets, links};
      epoch.loss += trainer.update(std::span(&items, 1), number++).loss;
    }
    epoch.loss /= static_cast<double>(predictions);
    if (validates) {
      epoch.validation_loss = mean_loss(model, validation, options.batch_size, options.trainer.threads);
      epoch.best = epoch.validation_loss < lowest;
      lowest = std::min(lowest, epoch.validation_loss);
      if (epoch.best) best = model;
    }
    epochs_since_best = epoch.best ? 0 : epochs_since_best + 1;
    epochs.push_back(epoch);
    if (after_epoch && !after_epoch(epoch)) break;
    if (options.patience > 0 && epochs_since_best == options.patience) break;
  }
  if (best) model = *std::move(best);
  prepack(model);
  return epochs;
}

}}  // namespace heed::v0_2
