#pragma once

#include <heed/core/errors.hpp>
#include <heed/core/parameters.hpp>
#include <heed/kernels/weight.hpp>

#include <atomic>
#include <type_traits>

namespace heed { inline namespace v0_2 {

namespace detail {

/// Calls f(weight) for every weight of a part.
template <Part P, class F>
void for_each_weight(P& part, const F& f) {
  for_each_member(
      [&]<class Member>(const ParameterName&, Member& member) {
        if constexpr (WeightMember<Member>) f(member);
      },
      part);
}

/// Prepacks the weights of a part. Several threads may do so together with one counter, which begins at 0: each takes the
/// weight that is next.
template <Part P>
void prepack(P& part, std::atomic<int>& next) {
  int mine = next++, at = 0;
  for_each_weight(part, [&](auto& weight) {
    if (at++ != mine) return;
    weight.prepack();
    mine = next++;
  });
}

/// Drops all prepacked copies. Threads may change different numbers of the part afterwards.
template <Part P>
void drop_copies(P& part) {
  for_each_weight(part, [](auto& weight) { weight.drop_copy(); });
}

}  // namespace detail

/// Gives every weight of a part (a cell, an encoder, a whole model) a copy in the layout that products read fastest, until
/// the weight is changed. Does nothing where there is one. A model that is only read needs it once, before threads share
/// it; `Trainer` does so after every update.
template <Part P>
void prepack(P& part) {
  std::atomic<int> next = 0;
  detail::prepack(part, next);
}

/// Replaces every weight of a part by numbers of 16 bits, for inference: products read half the bytes, and the values are
/// released, so the part can neither be trained nor saved any more. Throws `Error`, and keeps all values but no prepacked
/// copies, if these numbers cannot hold one: half ends at 65504, bfloat16 where float does, and neither holds infinity or
/// NaN. Vectors, embeddings and small matrices of fixed size are not converted.
template <Part P>
void convert(P& part, Precision precision) {
  static_assert(std::is_same_v<typename P::Scalar, float>,
                "convert: numbers of 16 bits stand for those of a float part");
  detail::Undo drop([&] { detail::drop_copies(part); });  // no copies of 16 bits beside values after an exception
  detail::for_each_weight(part, [&](auto& weight) { weight.prepare(precision); });
  drop.cancel();
  detail::for_each_weight(part, [](auto& weight) { weight.release(); });
}

}}  // namespace heed::v0_2
