#pragma once

#include <heed/core/types.hpp>

#include <concepts>
#include <cstddef>
#include <iterator>
#include <span>
#include <type_traits>

namespace heed { inline namespace v0_2 {

/// A batch of sentences, in the order given. It is a view: it refers to an array of sentences, such as a
/// `std::vector<std::vector<Token>>` or a `std::vector<std::span<const Token>>`, and copies nothing.
class Sentences {
 public:
  /// Iterates over the sentences.
  class Iterator {
   public:
    using value_type = std::span<const Token>;  ///< a sentence
    using difference_type = std::ptrdiff_t;     ///< distance of two iterators

    Iterator() = default;
    Iterator(const Sentences& sentences, std::size_t i) : sentences_(&sentences), i_(i) {}
    /// The sentence.
    value_type operator*() const { return (*sentences_)[i_]; }
    /// Moves on to the next sentence.
    Iterator& operator++() {
      ++i_;
      return *this;
    }
    /// Moves on to the next sentence, returns the old position.
    Iterator operator++(int) {
      Iterator old = *this;
      ++i_;
      return old;
    }
    bool operator==(const Iterator& other) const { return i_ == other.i_; }

   private:
    const Sentences* sentences_ = nullptr;
    std::size_t i_ = 0;
  };

  /// No sentences.
  Sentences() = default;

  /// `count` sentences.
  Sentences(const std::span<const Token>* sentences, std::size_t count)
      : data_(sentences), size_(count), get_(&get<std::span<const Token>>) {}

  /// The sentences of an array, vector or span whose elements convert to `std::span<const Token>`.
  template <class Array>
  requires(!std::is_same_v<Array, Sentences> &&
           requires(const Array& array) {
             std::size(array);
             { *std::data(array) } -> std::convertible_to<std::span<const Token>>;
           }) Sentences(const Array& array)  // NOLINT: implicit, so that functions take arrays
      : data_(std::data(array)),
        size_(std::size(array)),
        get_(&get<std::remove_cvref_t<decltype(*std::data(array))>>) {}

  /// The number of sentences.
  std::size_t size() const { return size_; }
  /// Whether there are no sentences.
  bool empty() const { return size_ == 0; }

  /// Sentence i, 0 <= i < size().
  std::span<const Token> operator[](std::size_t i) const { return get_(data_, i); }

  /// The first sentence.
  Iterator begin() const { return {*this, 0}; }
  /// The end, after the last sentence.
  Iterator end() const { return {*this, size_}; }

  /// The first `count` sentences, count <= size().
  Sentences first(std::size_t count) const {
    Sentences result = *this;
    result.size_ = count;
    return result;
  }

 private:
  template <class Sentence>
  static std::span<const Token> get(const void* data, std::size_t i) {
    return static_cast<const Sentence*>(data)[i];
  }

  const void* data_ = nullptr;
  std::size_t size_ = 0;
  std::span<const Token> (*get_)(const void* data, std::size_t i) = nullptr;
};

}}  // namespace heed::v0_2
