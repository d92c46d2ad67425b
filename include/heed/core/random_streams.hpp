#pragma once

#include <heed/core/errors.hpp>
#include <heed/core/random.hpp>
#include <heed/core/types.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace heed { inline namespace v0_2 {

/// The random number generators of a training step: one for each sentence of a batch, one for all sentences, or none
/// (inference). It is a view: it must not outlive the generators, and copies of the view use the same generators.
///
/// With a generator for each sentence, as in `Trainer`, the random numbers of a sentence do not depend on the other
/// sentences of its batch. They therefore do not depend on the number of threads that share an update. A single
/// `Random` is shared by all sentences: the random numbers depend on the whole batch.
///
/// Functions that take a packed batch take generators in batch order. Functions that take one step, or one column for
/// each sentence, take them in the order of their columns (`in_order`).
class RandomStreams {
 public:
  RandomStreams() = default;
  RandomStreams(std::nullptr_t) {}                    // NOLINT: implicit, nullptr means inference
  RandomStreams(Random* shared) : shared_(shared) {}  // NOLINT: implicit, one shared generator
  RandomStreams(std::span<RandomStream> streams)      // NOLINT: implicit, one generator per sentence
      : each_(true), streams_(streams.data()), size_(static_cast<Index>(streams.size())) {}

  /// True if there is a generator (training), false if there is none (inference).
  explicit operator bool() const { return shared_ != nullptr || each_; }

  /// Returns the generators in the order of columns: column i gets the generator of sentence `order[i]`. The result
  /// refers to `order`. Throws heed::Error if the generators are already in the order of columns, or if `order` has
  /// more elements than there are generators.
  RandomStreams in_order(std::span<const Index> order) const {
    if (!each_) return *this;
    require(order_ == nullptr, "RandomStreams: expected generators in batch order");
    check(static_cast<Index>(order.size()));
    RandomStreams result = *this;
    result.order_ = order.data();
    result.size_ = static_cast<Index>(order.size());
    return result;
  }

  /// Throws heed::Error if there is one generator per sentence, but fewer of them than `columns`.
  void check(Index columns) const {
    require(!each_ || columns <= size_, [&] {
      return "RandomStreams: expected a generator for each of " + std::to_string(columns) + " columns, got " +
             std::to_string(size_);
    });
  }

  /// Calls `draw(generator)` with the generator of column i. There must be one: see `operator bool`.
  template <class Draw>
  void with(Index i, Draw&& draw) const {
    if (shared_ != nullptr) return draw(*shared_);
    draw(streams_[order_ != nullptr ? order_[i] : i]);
  }

 private:
  Random* shared_ = nullptr;
  bool each_ = false;  ///< whether there is one generator per sentence
  RandomStream* streams_ = nullptr;
  const Index* order_ = nullptr;  ///< column i is sentence order_[i]; nullptr: column i is sentence i
  Index size_ = 0;
};

}}  // namespace heed::v0_2
