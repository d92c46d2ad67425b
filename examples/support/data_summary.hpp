#pragma once

#include <heed/core/link.hpp>
#include <heed/core/sentences.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace examples {

/// The FNV-1a hash of the values that are added to it.
class Fnv1a {
 public:
  void add(std::uint64_t value) { hash_ = (hash_ ^ value) * 1099511628211U; }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 14695981039346656037U;
};

/// The number of items of some data, and a hash of all their tokens and links.
class DataSummary {
 public:
  explicit DataSummary(std::size_t items) : items_(items) {}

  void add(heed::Sentences sentences) {
    for (const auto sentence : sentences) {
      for (const heed::Token token : sentence) hash_.add(static_cast<std::uint64_t>(token));
      hash_.add(sentence.size());
    }
  }
  void add(heed::Sequences<heed::Link> alignments) {
    for (const auto links : alignments) {
      for (const heed::Link& link : links) {
        hash_.add(static_cast<std::uint64_t>(link.source));
        hash_.add(static_cast<std::uint64_t>(link.target));
      }
      hash_.add(2 * links.size());
    }
  }

  std::string text() const { return std::to_string(items_) + " (" + std::to_string(hash_.value()) + ')'; }

 private:
  std::size_t items_;
  Fnv1a hash_;
};

}  // namespace examples
