#pragma once

#include <heed/core/parameters.hpp>

#include <string>
#include <type_traits>
#include <variant>

namespace heed { inline namespace v0_2 { namespace detail {

/// The alternative of `variant` that is the gradient of `part`. Throws if it holds another: a gradient holds what its
/// model holds.
template <class P, class Variant>
auto& same(const P&, Variant& variant) {
  auto* const found = std::get_if<P>(&variant);
  require(found != nullptr, "a gradient holds another choice of part than its model: make it with zeros_like(model)");
  return *found;
}

/// Alternative I of a variant that is visited beside one that holds it.
template <std::size_t I, class Variant>
auto& chosen(Variant& variant) {
  require(variant.index() == I, "parts that are visited together hold different choices: make one from the other");
  return std::get<I>(variant);
}

/// visit_parameters of the part that all the variants hold; a choice made at run time adds nothing to the names. A visitor
/// of one model to whom it matters what was chosen is given that.
template <std::size_t I = 0, class Visit, class First, class... Rest>
void visit_alternative(Visit&& visit, First& first, Rest&... rest) {
  using Variant = std::remove_const_t<First>;
  if constexpr (I < std::variant_size_v<Variant>) {
    if (first.index() == I) {
      if constexpr (requires { visit.alternative(std::get<I>(first)); }) {
        visit.alternative(std::get<I>(first));
      } else {
        std::variant_alternative_t<I, Variant>::visit_parameters(visit, std::get<I>(first), chosen<I>(rest)...);
      }
    } else {
      visit_alternative<I + 1>(visit, first, rest...);
    }
  }
}

}}}  // namespace heed::v0_2::detail
