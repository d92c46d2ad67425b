#pragma once

#include <heed/core/random.hpp>
#include <heed/text/words.hpp>

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

namespace examples {

/// A sentence with an opinion, as somebody might write it after a stay.
struct Remark {
  heed::Words words;
  bool positive = false, denied = false;
  std::vector<std::size_t> telling;  ///< the places of the words that the opinion is in
};

/// One opinion, perhaps denied or intensified, among up to four clauses without any.
Remark make_remark(heed::Random& random);

/// Different remarks, and none that is in `seen`, to which they are added.
std::vector<Remark> make_remarks(std::size_t count, std::uint64_t seed, std::set<heed::Words>& seen);

}  // namespace examples
