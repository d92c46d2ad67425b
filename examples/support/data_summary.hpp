#pragma once

#include <heed/core/types.hpp>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace examples {

/// The number of sentences of a side, and a hash of the tokens of all sides (FNV-1a).
inline std::string data_summary(std::initializer_list<const std::vector<std::vector<heed::Token>>*> sides) {
  std::uint64_t hash = 14695981039346656037U;
  for (const auto* side : sides) {
    for (const auto& sentence : *side) {
      for (const heed::Token token : sentence) hash = (hash ^ static_cast<std::uint64_t>(token)) * 1099511628211U;
      hash = (hash ^ sentence.size()) * 1099511628211U;
    }
  }
  return std::to_string((*sides.begin())->size()) + " (" + std::to_string(hash) + ')';
}

}  // namespace examples
