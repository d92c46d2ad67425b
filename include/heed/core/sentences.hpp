#pragma once

#include <heed/core/types.hpp>

#include <concepts>
#include <cstddef>
#include <iterator>
#include <span>
#include <type_traits>

namespace heed { inline namespace v0_2 {

/// A batch of sequences of `Item`, in the order given. It is a view: it refers to an array of sequences, such as a
/// `std::vector<std::vector<Item>>` or a `std::vector<std::span<const Item>>`, and copies nothing.
template <class Item>
class Sequences {
 public:
  /// Iterates over the sequences.
  class Iterator {
   public:
    using value_type = std::span<const Item>;  ///< a sequence
    using difference_type = std::ptrdiff_t;    ///< distance of two iterators

    Iterator() = default;
    Iterator(const Sequences& sequences, std::size_t i) : sequences_(&sequences), i_(i) {}
    /// The sequence.
    value_type operator*() const { return (*sequences_)[i_]; }
    /// Moves on to the next sequence.
    Iterator& operator++() {
      ++i_;
      return *this;
    }
    /// Moves on to the next sequence, returns the old position.
    Iterator operator++(int) {
      Iterator old = *this;
      ++i_;
      return old;
    }
    bool operator==(const Iterator& other) const { return i_ == other.i_; }

   private:
    const Sequences* sequences_ = nullptr;
    std::size_t i_ = 0;
  };

  /// No sequences.
  Sequences() = default;

  /// `count` sequences.
  Sequences(const std::span<const Item>* sequences, std::size_t count)
      : data_(sequences), size_(count), get_(&get<std::span<const Item>>) {}

  /// The sequences of an array, vector or span whose elements convert to `std::span<const Item>`.
  template <class Array>
  requires(!std::is_same_v<Array, Sequences> &&
           requires(const Array& array) {
             std::size(array);
             { *std::data(array) } -> std::convertible_to<std::span<const Item>>;
           }) Sequences(const Array& array)  // NOLINT: implicit, so that functions take arrays
      : data_(std::data(array)),
        size_(std::size(array)),
        get_(&get<std::remove_cvref_t<decltype(*std::data(array))>>) {}

  /// The sequences of a class that has `size()`, and an operator [] that returns them.
  template <class Store>
  requires(
      !requires(const Store& store) { std::data(store); } &&
      requires(const Store& store) {
        { store.size() } -> std::convertible_to<std::size_t>;
        { store[std::size_t{}] } -> std::convertible_to<std::span<const Item>>;
      } &&
      !std::is_same_v<Store, Sequences>) Sequences(const Store& store)  // NOLINT: implicit, as above
      : data_(&store), size_(store.size()), get_([](const void* data, std::size_t i) {
          return std::span<const Item>((*static_cast<const Store*>(data))[i]);
        }) {}

  /// The number of sequences.
  std::size_t size() const { return size_; }
  /// Whether there are no sequences.
  bool empty() const { return size_ == 0; }

  /// Sequence i, 0 <= i < size().
  std::span<const Item> operator[](std::size_t i) const { return get_(data_, i); }

  /// The first sequence.
  Iterator begin() const { return {*this, 0}; }
  /// The end, after the last sequence.
  Iterator end() const { return {*this, size_}; }

  /// The first `count` sequences, count <= size().
  Sequences first(std::size_t count) const {
    Sequences result = *this;
    result.size_ = count;
    return result;
  }

 private:
  template <class Sequence>
  static std::span<const Item> get(const void* data, std::size_t i) {
    return static_cast<const Sequence*>(data)[i];
  }

  const void* data_ = nullptr;
  std::size_t size_ = 0;
  std::span<const Item> (*get_)(const void* data, std::size_t i) = nullptr;
};

/// A batch of sentences: a view of the tokens of each sentence.
using Sentences = Sequences<Token>;

}}  // namespace heed::v0_2
