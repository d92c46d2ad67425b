#pragma once

#include <heed/core/types.hpp>

#include <compare>
#include <cstddef>
#include <string>
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

namespace detail {

/// Throws unless a link is inside of a pair with these numbers of words. `who` begins the message.
inline void check_link(const char* who, const Link& link, std::size_t source_words, std::size_t target_words) {
  const auto inside = [](Index i, std::size_t words) { return i >= 0 && i < static_cast<Index>(words); };
  require(inside(link.source, source_words) && inside(link.target, target_words), [&] {
    return std::string(who) + ": link " + std::to_string(link.source) + "-" + std::to_string(link.target) +
           " points outside of a pair of " + std::to_string(source_words) + " source and " +
           std::to_string(target_words) + " target words";
  });
}

}  // namespace detail

}}  // namespace heed::v0_2
