#pragma once

#include <heed/core/random.hpp>
#include <heed/text/words.hpp>

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

namespace examples {

/// A sentence with an opinion, as in a hotel review.
struct Remark {
  heed::Words words;
  bool positive = false, denied = false;
  std::vector<std::size_t> telling;  ///< positions of the words that express the opinion
};

/// A random remark: one opinion, possibly negated or intensified, among up to four clauses without an opinion.
Remark make_remark(heed::Random& random);

/// `count` different remarks that are not in `seen`. Adds them to `seen`.
std::vector<Remark> make_remarks(std::size_t count, std::uint64_t seed, std::set<heed::Words>& seen);

}  // namespace examples
