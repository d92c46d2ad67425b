#pragma once

#include <heed/core/random_streams.hpp>
#include <heed/core/thread_pool.hpp>
#include <heed/models/prepack.hpp>
#include <heed/models/seq2seq.hpp>
#include <heed/training/optimizers.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// Cuts items 0 ... n - 1 into batches of about the same length: shuffled, sorted by (target, source) length within
/// pools of `pool` batches, cut, and the batches shuffled again. Sentences of one length leave no step half empty.
inline std::vector<std::vector<Index>> make_batches(const std::vector<Index>& source_lengths,
                                                    const std::vector<Index>& target_lengths, Index batch,
                                                    Random& random, Index pool = 32) {
  require(batch >= 1, [&] { return "make_batches: a batch holds 1 or more, not " + std::to_string(batch); });
  require(pool >= 1, [&] { return "make_batches: a pool holds 1 or more batches, not " + std::to_string(pool); });
  require(source_lengths.size() == target_lengths.size(), [&] {
    return "make_batches: " + std::to_string(source_lengths.size()) + " source lengths for " +
           std::to_string(target_lengths.size()) + " target lengths";
  });
  std::vector<Index> order(source_lengths.size());
  std::iota(order.begin(), order.end(), Index{0});
  random.shuffle(order);
  const auto key = [&](Index i) {
    const auto at = static_cast<std::size_t>(i);
    return std::pair(target_lengths[at], source_lengths[at]);
  };
  std::vector<std::vector<Index>> batches;
  const auto size = static_cast<std::size_t>(batch), pool_size = size * static_cast<std::size_t>(pool);
  for (std::size_t begin = 0; begin < order.size(); begin += pool_size) {
    const std::size_t end = std::min(order.size(), begin + pool_size);
    std::stable_sort(order.begin() + static_cast<std::ptrdiff_t>(begin),
                     order.begin() + static_cast<std::ptrdiff_t>(end),
                     [&](Index a, Index b) { return key(a) < key(b); });
    for (std::size_t i = begin; i < end; i += size) {
      batches.emplace_back(order.begin() + static_cast<std::ptrdiff_t>(i),
                           order.begin() + static_cast<std::ptrdiff_t>(std::min(end, i + size)));
    }
  }
  random.shuffle(batches);
  return batches;
}

/// How a `Trainer` trains.
struct TrainerOptions {
  int threads = 1;             ///< each with a share of every batch, and with a gradient of its own;
                               ///< their number changes the result by rounding, no more
  double clip = 5;             ///< global norm of the gradient at most; 0: never clipped
  double label_smoothing = 0;  ///< in [0, 1): see `softmax_cross_entropy`
  std::uint64_t seed = 1;      ///< of the dropout masks, and of what scheduled sampling feeds
  SampledToken sampled_token = SampledToken::argmax;  ///< what scheduled sampling feeds
  double coverage = 0, doubly_stochastic = 0;  ///< what losses of where was looked count (losses/attention_penalty.hpp)
};

namespace detail {

/// How many predictions a target is made of: its words and the end symbol, or a label alone.
inline Index predictions(std::span<const Token> words) { return static_cast<Index>(words.size()) + 1; }
inline Index predictions(Token) { return 1; }

}  // namespace detail

/// Trains a model, a batch at a time: a `Seq2Seq`, a `SentenceClassifier` or one of yours, which says by `Source` and
/// `Target` (words or a label) what it learns from. The items of a batch are dealt to the threads by the length of their
/// targets; gradients are added up in the order of the threads, so a fixed number of threads gives the same bits in every
/// run. Random numbers are drawn by seed, update and sentence (`RandomStreams`), so another number of threads gives the same
/// training up to rounding.
template <class Model, class Optimizer = Adam<Model>>
class Trainer {
 public:
  using S = typename Model::Scalar;

  /// What an update was made by.
  struct Update {
    double loss;           ///< sum over the words, label smoothing included
    Index words;           ///< target words, end symbols included; or labels
    double gradient_norm;  ///< of the mean loss, before clipping
  };

  using Source = typename Model::Source;  ///< what is read of one item of a batch
  using Target = typename Model::Target;  ///< what is to be made of it
  /// Sources and their targets, to be trained on.
  struct Batch {
    std::span<const Source> sources;  ///< as many as targets
    std::span<const Target> targets;  ///< labels, or words without begin and end symbol
  };

  Optimizer optimizer;         ///< its rate may be changed between updates
  double teacher_forcing = 1;  ///< `LossOptions::teacher_forcing` of the next update

  /// Keeps a reference to the model and changes it at every update.
  Trainer(Model& model, Optimizer optimizer_, TrainerOptions options)
      : optimizer(std::move(optimizer_)), model_(model), options_(options), thread_pool_(options.threads) {
    detail::check_below_one("Trainer", "label smoothing", options.label_smoothing);
    detail::check_not_negative("Trainer", "clip norm", options.clip);
    detail::check_not_negative("Trainer", "weight of the coverage loss", options.coverage);
    detail::check_not_negative("Trainer", "weight of the doubly stochastic penalty", options.doubly_stochastic);
    shards_.resize(static_cast<std::size_t>(options.threads));
    for (auto& shard : shards_) shard.grad = zeros_like(model);
    pieces_ = std::max(Index{1}, parameter_count(model) / options.threads / piece_size);
    prepack(model);
  }

  /// One optimiser step on the mean loss per target word. Throws, and leaves the model as it was, if the loss or the
  /// gradient is not finite. `number` (0, 1, 2 ...) selects the random numbers: sentence i of update `number` has its own.
  Update update(std::span<const Source> sources, std::span<const Target> targets, std::uint64_t number) {
    const Batch batch{sources, targets};
    return update(std::span(&batch, 1), number);
  }

  /// The same for the mean loss per word of several batches, one after the other in the memory of one (gradient
  /// accumulation): what one batch of all their sentences, in this order, would give.
  Update update(std::span<const Batch> batches, std::uint64_t number) {
    require(!batches.empty(), "Trainer: an update needs at least one batch");
    Index words = 0;
    for (const Batch& batch : batches) {
      check(batch);
      for (const Target& target : batch.targets) words += detail::predictions(target);
    }
    std::atomic<int> next = 0;
    thread_pool_.run([&](int i) {
      detail::prepack(model_, next);  // what was changed since the last update
      Shard& shard = detail::at(shards_, i);
      shard.loss = 0;
      if (!zero_) set_zero(shard.grad);
    });
    zero_ = false;
    const std::uint64_t update_seed = RandomStream(options_.seed, number).bits();
    std::uint64_t before = 0;
    for (const Batch& batch : batches) {
      deal(batch, update_seed, before);
      before += batch.sources.size();
      thread_pool_.run([&](int i) {
        Shard& shard = detail::at(shards_, i);
        if (shard.sources.empty()) return;
        LossOptions<S> options;
        options.smoothing = static_cast<S>(options_.label_smoothing);
        options.scale = S(1) / static_cast<S>(words);
        options.random = std::span(shard.randoms);
        options.teacher_forcing = teacher_forcing;
        options.sampled_token = options_.sampled_token;
        options.coverage = static_cast<S>(options_.coverage);
        options.doubly_stochastic = static_cast<S>(options_.doubly_stochastic);
        shard.loss += static_cast<double>(
            std::as_const(model_).loss_and_gradient(shard.sources, shard.targets, shard.tape, shard.grad, options));
      });
    }
    Model& grad = shards_.front().grad;
    thread_pool_.run([&](int i) {
      Shard& shard = detail::at(shards_, i);
      shard.squares = 0;
      for_each_piece(i, [&](Share share) {
        for (std::size_t k = 1; k < shards_.size(); ++k) {
          add(shards_[k].grad, grad, share);
          set_zero(shards_[k].grad, share);
        }
        shard.squares += squared_norm(grad, share);
      });
    });
    double loss = 0, squares = 0;
    for (const auto& shard : shards_) {
      loss += shard.loss;
      squares += shard.squares;
    }
    const double norm = std::sqrt(squares), factor = clip_factor(norm, options_.clip);
    require(std::isfinite(loss), [&] { return "the loss is not finite (" + std::to_string(loss) + ")"; });
    require(std::isfinite(norm), [&] { return "the gradient is not finite (" + std::to_string(norm) + ")"; });
    optimizer.begin_update();
    detail::drop_copies(model_);
    thread_pool_.run([&](int i) {
      for_each_piece(i, [&](Share share) {
        optimizer.update_share(model_, grad, share, factor);
        set_zero(grad, share);
      });
    });
    zero_ = true;
    next = 0;
    thread_pool_.run([&](int) { detail::prepack(model_, next); });
    return {loss, words, norm};
  }

 private:
  struct Shard {
    Model grad;
    typename Model::Tape tape;
    std::vector<Source> sources;
    std::vector<Target> targets;
    std::vector<RandomStream> randoms;  ///< one for each source
    double loss = 0, squares = 0;       ///< of the words dealt; of this thread's share of the gradient
  };

  /// How many numbers of a gradient are added up, or used and made zero, before the next come in: they stay in the cache.
  static constexpr Index piece_size = 1 << 16;

  /// Calls use(share) for every piece of what thread i does of the model.
  template <class Use>
  void for_each_piece(Index i, const Use& use) const {
    for (Index piece = 0; piece < pieces_; ++piece) use(Share{i * pieces_ + piece, options_.threads * pieces_});
  }

  static void check(const Batch& batch) {
    require(batch.sources.size() == batch.targets.size() && !batch.sources.empty(), [&] {
      return "Trainer: a batch needs as many sources as targets and at least one, not " +
             std::to_string(batch.sources.size()) + " and " + std::to_string(batch.targets.size());
    });
  }

  /// Longest first, one to each thread in turn: every thread gets as many words as the others. A sentence's random
  /// numbers depend on the update and on its index in it, `before` counting those of earlier batches.
  void deal(const Batch& batch, std::uint64_t update_seed, std::uint64_t before) {
    const auto sources = batch.sources;
    const auto targets = batch.targets;
    order_.resize(sources.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      return detail::predictions(targets[a]) > detail::predictions(targets[b]);
    });
    for (auto& shard : shards_) {
      shard.sources.clear();
      shard.targets.clear();
      shard.randoms.clear();
    }
    for (std::size_t i = 0; i < order_.size(); ++i) {
      Shard& shard = shards_[i % shards_.size()];
      shard.sources.push_back(sources[order_[i]]);
      shard.targets.push_back(targets[order_[i]]);
      shard.randoms.emplace_back(update_seed, before + order_[i]);
    }
  }

  Model& model_;
  TrainerOptions options_;
  ThreadPool thread_pool_;
  std::vector<Shard> shards_;
  std::vector<std::size_t> order_;
  Index pieces_ = 1;  ///< of every thread's share of a gradient
  bool zero_ = true;  ///< whether all gradients are
};

}}  // namespace heed::v0_2
