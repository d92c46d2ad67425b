#pragma once

#include <heed/parameters.hpp>

#include <atomic>
#include <optional>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace heed::inline v0_1 {

namespace detail {

/// Copies a part into one of the same structure whose matrices are kept in another way. Of several that share the work,
/// each takes the matrix that is `next`.
struct Repack {
  std::atomic<int>& next;
  int mine = next++, at = 0;

  template <class From, class To>
  void operator()(std::string_view, const From& from, To& to) {
    using P = std::remove_cvref_t<From>;
    if constexpr (Part<P>) {
      P::visit_parameters(*this, from, to);
    } else if constexpr (is_vector<P>) {
      to.resize(from.size());
      for (std::size_t i = 0; i < from.size(); ++i) (*this)({}, from[i], to[i]);
    } else if constexpr (is_optional<P>) {
      if (from.has_value() != to.has_value()) to.reset();
      if (!from) return;
      if (!to) to.emplace();
      (*this)({}, *from, *to);
    } else if (at++ == mine) {
      to = from;
      mine = next++;
    }
  }

  /// Where a part holds one of several, the copy has to hold the same.
  template <std::size_t I, class Variant>
  void choose(Variant& to) {
    if (to.index() != I) to.template emplace<I>();
  }
};

}  // namespace detail

/// Brings a packed copy up to date with the part it was made from.
///
/// Several threads may do so together with one counter, which begins at 0, if the copy has the part's structure already.
template <Part P, Part PackedPart>
void repack(const P& part, PackedPart& packed, std::atomic<int>& next) {
  detail::Repack{next}({}, part, packed);
}
template <Part P, Part PackedPart>
void repack(const P& part, PackedPart& packed) {
  std::atomic<int> next = 0;
  repack(part, packed, next);
}

/// A copy of a part (a cell, an encoder, a whole model) that is read faster: its matrices are packed, each number as a T,
/// by default the scalar, or `Eigen::bfloat16` or `Eigen::half`, which take half the memory. Throws if these do not hold
/// one: half ends at 65504, bfloat16 where float does, and neither holds infinity or NaN.
///
/// The copy has a type of its own that models the same concepts and has no matrices one could write to. What happens to
/// the part afterwards does not reach it until `repack`.
template <class T, Part P>
KeptAs<Packed<T>, P> pack(const P& part) {
  static_assert(std::is_same_v<scalar_of<T>, typename P::Scalar>, "16-bit numbers stand for those of a float part");
  KeptAs<Packed<T>, P> packed;
  repack(part, packed);
  return packed;
}
template <Part P>
KeptAs<Packed<typename P::Scalar>, P> pack(const P& part) {
  return pack<typename P::Scalar>(part);
}

}  // namespace heed::inline v0_1
