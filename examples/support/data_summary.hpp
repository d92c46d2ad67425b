#pragma once

#include <heed/core/types.hpp>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace examples {

/// The FNV-1a hash of the values that are added to it.
class Fnv1a {
 public:
  void add(std::uint64_t value) { hash_ = (hash_ ^ value) * 1099511628211U; }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 14695981039346656037U;
};

/// The number of sentences of a side, and a hash of the tokens of all sides.
inline std::string data_summary(std::initializer_list<const std::vector<std::vector<heed::Token>>*> sides) {
  Fnv1a hash;
  for (const auto* side : sides) {
    for (const auto& sentence : *side) {
      for (const heed::Token token : sentence) hash.add(static_cast<std::uint64_t>(token));
      hash.add(sentence.size());
    }
  }
  return std::to_string((*sides.begin())->size()) + " (" + std::to_string(hash.value()) + ')';
}

}  // namespace examples
