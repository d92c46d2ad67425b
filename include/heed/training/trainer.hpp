#pragma once

#include <heed/core/random_streams.hpp>
#include <heed/core/thread_pool.hpp>
#include <heed/models/prepack.hpp>
#include <heed/models/seq2seq.hpp>
#include <heed/training/batches.hpp>
#include <heed/training/communicator.hpp>
#include <heed/training/optimizers.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// Options of a `Trainer`.
struct TrainerOptions {
  int threads = 1;             ///< number of threads; each has a share of every batch, and its own gradient;
                               ///< another number of threads gives the same result up to rounding
  double clip = 5;             ///< maximum global norm of the gradient; 0: no gradient clipping
  double label_smoothing = 0;  ///< in [0, 1): see `softmax_cross_entropy`
  std::uint64_t seed = 1;      ///< random seed of the dropout masks and of scheduled sampling
  SampledToken sampled_token = SampledToken::argmax;  ///< how scheduled sampling picks tokens
  double coverage = 0, doubly_stochastic = 0;  ///< weights of the attention losses (losses/attention_penalty.hpp)
  double guided_alignment = 0;                 ///< weight of `guided_alignment_loss`, which needs `Batch::links`
};

namespace detail {

/// Number of predictions for a target: its words and eos, or one class label.
inline Index predictions(std::span<const Token> words) { return static_cast<Index>(words.size()) + 1; }
inline Index predictions(Token) { return 1; }

/// View of the sources or targets of a batch: `Sequences` (which also accept vectors of tokens), or a span of labels.
template <class Item>
struct ItemsOf {
  using type = std::span<const Item>;
};
template <class Element>
struct ItemsOf<std::span<const Element>> {
  using type = Sequences<Element>;
};
template <class Item>
using Items = typename ItemsOf<Item>::type;

}  // namespace detail

/// Trains a model batch by batch. The model is a `Seq2Seq`, a `SentenceClassifier` or your own type, which defines the
/// types `Source` and `Target` (words or a label) of its training data.
///
/// Each batch is distributed over the threads by target length. Gradients are summed in the order of the threads, so a
/// fixed number of threads gives bit-identical results in every run. Random numbers depend on seed, update and sentence
/// (`RandomStreams`), so another number of threads gives the same training up to rounding.
///
/// Several processes can share each batch (`Communicator`). Every process has a trainer and calls it with the same
/// batches; it computes its share of them, and all processes apply the sum of all gradients. N processes with T threads
/// each give the same training as one process with N T threads, up to rounding. All models start as that of process 0.
/// After an exception in one process, the others wait for it: end them (with MPI: MPI_Abort).
template <class Model, class Optimizer = Adam<Model>, Communicator Processes = SingleProcess>
class Trainer {
 public:
  using S = typename Model::Scalar;

  /// Statistics of one update.
  struct Update {
    double loss;           ///< sum over the words of all processes, label smoothing and attention losses included
    Index words;           ///< number of target words, eos included; or number of labels
    double gradient_norm;  ///< norm of the gradient of the mean loss, before clipping
  };

  using Source = typename Model::Source;  ///< the source of one item of a batch
  using Target = typename Model::Target;  ///< its target
  /// Training data: sources and their targets.
  struct Batch {
    detail::Items<Source> sources;  ///< one for each target
    detail::Items<Target> targets;  ///< labels, or words without bos and eos
    Sequences<Link> links = {};     ///< for `guided_alignment`: the word links of each pair; otherwise not used
  };

  Optimizer optimizer;         ///< its rate may be changed between updates
  double teacher_forcing = 1;  ///< `LossOptions::teacher_forcing` of the next update

  /// Keeps a reference to the model and changes it in every update. Throws heed::Error if an option is out of range.
  Trainer(Model& model, Optimizer optimizer_, TrainerOptions options, Processes processes = Processes())
      : optimizer(std::move(optimizer_)),
        model_(model),
        options_(options),
        processes_(processes),
        thread_pool_(options.threads) {
    detail::check_below_one("Trainer", "label smoothing", options.label_smoothing);
    detail::check_not_negative("Trainer", "clip norm", options.clip);
    detail::check_not_negative("Trainer", "weight of the coverage loss", options.coverage);
    detail::check_not_negative("Trainer", "weight of the doubly stochastic penalty", options.doubly_stochastic);
    detail::check_not_negative("Trainer", "weight of the guided alignment loss", options.guided_alignment);
    shards_.reserve(static_cast<std::size_t>(options.threads));
    for (int i = 0; i < options.threads; ++i) shards_.emplace_back(zeros_like(model));
    pieces_ = std::max(Index{1}, parameter_count(model) / options.threads / piece_size);
    if (several_processes()) {
      for_each_parameter(
          [&](const ParameterName&, auto& x) {
            processes_.broadcast(std::span<S>(x.data(), static_cast<std::size_t>(x.size())));
          },
          model);
    }
    prepack(model);
  }

  /// Runs one optimizer step on the mean loss per target word. Throws heed::Error if the loss or the gradient is not
  /// finite; the model is then unchanged. `number` is the index of the update (0, 1, 2 ...). It selects the random
  /// numbers: each sentence of each update has its own.
  Update update(detail::Items<Source> sources, detail::Items<Target> targets, std::uint64_t number) {
    const Batch batch{sources, targets};
    return update(std::span(&batch, 1), number);
  }

  /// Runs one optimizer step on the mean loss per word of several batches (gradient accumulation). The batches are
  /// computed one after another, so only one batch of activations is stored. Up to rounding, the result is that of one
  /// batch with all their sentences, in this order.
  Update update(std::span<const Batch> batches, std::uint64_t number) {
    require(!batches.empty(), "Trainer: an update needs at least one batch");
    Index words = 0;
    for (const Batch& batch : batches) {
      check(batch);
      for (const Target target : batch.targets) words += detail::predictions(target);
    }
    std::atomic<int> next = 0;
    thread_pool_.run([&](int i) {
      detail::prepack(model_, next);  // weights that were changed since the last update
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
        options.guided_alignment = static_cast<S>(options_.guided_alignment);
        options.links = shard.links;
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
        if (!several_processes()) shard.squares += squared_norm(grad, share);
      });
    });
    double loss = 0, squares = 0;
    for (const auto& shard : shards_) loss += shard.loss;
    if (several_processes()) {
      gradient_sum_(grad, processes_);
      processes_.all_sum(std::span(&loss, 1));
      thread_pool_.run([&](int i) {
        for_each_piece(i, [&](Share share) { detail::at(shards_, i).squares += squared_norm(grad, share); });
      });
    }
    for (const auto& shard : shards_) squares += shard.squares;
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
  /// The data of one thread: its gradient, its workspace and its sentences of the current batch.
  struct Shard {
    explicit Shard(Model zeros) : grad(std::move(zeros)) {}

    Model grad;
    typename Model::Tape tape;
    std::vector<Source> sources;
    std::vector<Target> targets;
    std::vector<std::span<const Link>> links;
    std::vector<RandomStream> randoms;  ///< one generator for each source
    double loss = 0, squares = 0;       ///< loss of its sources; squared norm of this thread's share of the gradient
  };

  /// Number of gradient elements that are processed at a time, so that they stay in the cache.
  static constexpr Index piece_size = 1 << 16;

  /// Calls use(share) for every piece of the share of the model that thread i updates.
  template <class Use>
  void for_each_piece(Index i, const Use& use) const {
    for (Index piece = 0; piece < pieces_; ++piece) use(Share{i * pieces_ + piece, options_.threads * pieces_});
  }

  /// False at compile time for `SingleProcess`, so that its trainers do not contain the code for several processes.
  constexpr bool several_processes() const {
    return !std::is_same_v<Processes, SingleProcess> && processes_.size() > 1;
  }

  void check(const Batch& batch) const {
    require(batch.sources.size() == batch.targets.size() && !batch.sources.empty(), [&] {
      return "Trainer: a batch must have at least one source and one target per source, got " +
             std::to_string(batch.sources.size()) + " sources and " + std::to_string(batch.targets.size()) + " targets";
    });
    require(options_.guided_alignment == 0 || batch.links.size() == batch.sources.size(), [&] {
      return "Trainer: guided_alignment needs the links of every pair, got those of " +
             std::to_string(batch.links.size()) + " pairs for " + std::to_string(batch.sources.size()) + " sources";
    });
  }

  /// Distributes a batch over the processes, and the items of this one over its threads: longest target first, one to
  /// each in turn, so that all get about the same number of words. The random numbers of a sentence depend on the
  /// update and on the sentence's index in the update; `before` is the number of sentences in earlier batches of the
  /// update.
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
      shard.links.clear();
      shard.randoms.clear();
    }
    const auto processes = static_cast<std::size_t>(processes_.size());
    for (auto i = static_cast<std::size_t>(processes_.rank()); i < order_.size(); i += processes) {
      Shard& shard = shards_[i / processes % shards_.size()];
      shard.sources.push_back(sources[order_[i]]);
      shard.targets.push_back(targets[order_[i]]);
      if (options_.guided_alignment != 0) shard.links.push_back(batch.links[order_[i]]);
      shard.randoms.emplace_back(update_seed, before + order_[i]);
    }
  }

  Model& model_;
  TrainerOptions options_;
  Processes processes_;
  GradientSum<S> gradient_sum_;
  ThreadPool thread_pool_;
  std::vector<Shard> shards_;
  std::vector<std::size_t> order_;
  Index pieces_ = 1;  ///< number of pieces of each thread's share of a gradient
  bool zero_ = true;  ///< whether all gradients are zero
};

}}  // namespace heed::v0_2
