#pragma once

#include <heed/core/types.hpp>

#include <compare>
#include <vector>

namespace heed { inline namespace v0_2 {

/// A link of an alignment: a source word and the target word that translates it, counted from 0.
struct Link {
  Index source = 0;  ///< position of the source word
  Index target = 0;  ///< position of the target word

  friend auto operator<=>(const Link&, const Link&) = default;
};

/// An alignment: a list of links.
using Links = std::vector<Link>;

}}  // namespace heed::v0_2
