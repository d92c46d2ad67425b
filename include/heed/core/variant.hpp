#pragma once

#include <heed/core/parameters.hpp>

#include <string>
#include <type_traits>
#include <variant>

namespace heed { inline namespace v0_2 { namespace detail {

/// The alternative of `variant`, a gradient, that has the type of `part`. Throws if the variant holds another type: a
/// gradient must hold the same alternative as its model.
template <class P, class Variant>
auto& same(const P&, Variant& variant) {
  auto* const found = std::get_if<P>(&variant);
  require(found != nullptr, "the gradient must hold the same type as the model; create it with zeros_like(model)");
  return *found;
}

/// Alternative I of a variant that is visited together with another one that holds alternative I. Throws if it holds
/// another alternative.
template <std::size_t I, class Variant>
auto& chosen(Variant& variant) {
  require(variant.index() == I, "for_each_parameter: all objects must hold the same type; copy one from the other");
  return std::get<I>(variant);
}

/// Calls visit_parameters of the alternative that all variants hold. The variant adds nothing to the parameter names.
/// If the visitor has a function `alternative`, calls this instead, with the alternative of `first`.
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
