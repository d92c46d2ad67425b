#pragma once

#include "translate/model.hpp"

#include <heed/core/parameters.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace examples {

/// The best models of a training run, best first.
struct BestModels {
  struct Entry {
    double score;  ///< the lower, the better
    Model model;
  };

  std::size_t limit = 1;  ///< maximum number of models, 1 or more
  std::vector<Entry> entries;

  /// Adds a model if it is one of the `limit` best. Returns true if it is better than all others.
  bool add(double score, const Model& model) {
    const auto worse = [&](const Entry& entry) { return score < entry.score; };
    const auto at = std::find_if(entries.begin(), entries.end(), worse);
    const bool best = at == entries.begin();
    if (at == entries.end() && entries.size() == limit) return false;
    entries.insert(at, {score, model});
    if (entries.size() > limit) entries.pop_back();
    return best;
  }

  /// The mean of the parameters of all entries, of which there must be at least one.
  Model average() const {
    Model mean = entries.front().model;
    for (std::size_t i = 1; i < entries.size(); ++i) heed::add(entries[i].model, mean);
    heed::scale(mean, 1 / static_cast<float>(entries.size()));
    return mean;
  }
};

}  // namespace examples
