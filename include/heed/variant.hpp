#pragma once

#include <heed/parameters.hpp>

#include <type_traits>
#include <variant>

namespace heed::inline v0_1::detail {

/// The alternative of `variant` that has the type of `part`: a gradient always holds what its model holds.
template <class P, class Variant>
P& same(const P&, Variant& variant) {
  return std::get<P>(variant);
}

/// visit_parameters of the part that all the variants hold; a choice made at run time adds nothing to the names.
template <std::size_t I = 0, class Visit, class First, class... Rest>
void visit_alternative(Visit&& visit, First& first, Rest&... rest) {
  using Variant = std::remove_const_t<First>;
  if constexpr (I < std::variant_size_v<Variant>) {
    if (first.index() == I) {
      std::variant_alternative_t<I, Variant>::visit_parameters(visit, std::get<I>(first), std::get<I>(rest)...);
    } else {
      visit_alternative<I + 1>(visit, first, rest...);
    }
  }
}

}  // namespace heed::inline v0_1::detail
