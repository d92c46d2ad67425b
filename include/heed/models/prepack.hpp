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

/// Prepacks the weights of a part. Several threads may call this for the same part with one shared counter `next`,
/// which starts at 0. Each thread then takes the next weight that no other thread has taken.
template <Part P>
void prepack(P& part, std::atomic<int>& next) {
  int mine = next++, at = 0;
  for_each_weight(part, [&](auto& weight) {
    if (at++ != mine) return;
    weight.prepack();
    mine = next++;
  });
}

/// Drops all prepacked copies. Afterwards, threads may edit different elements of the same weights concurrently.
template <Part P>
void drop_copies(P& part) {
  for_each_weight(part, [](auto& weight) { weight.drop_copy(); });
}

}  // namespace detail

/// Prepacks every weight of a part (a cell, an encoder, a whole model): stores a copy in the layout that products read
/// fastest. The copy exists until the weight is changed. Weights that have a copy are skipped. For inference, call it
/// once, before threads share the model. `Trainer` calls it after every update.
template <Part P>
void prepack(P& part) {
  std::atomic<int> next = 0;
  detail::prepack(part, next);
}

/// Converts every weight of a part to half precision or bfloat16, for inference. Products then read half the bytes. The
/// float values are released, so the part can no longer be trained or saved. Vectors, embeddings and small matrices of
/// fixed size are not converted.
///
/// Throws heed::Error if a value cannot be represented: half precision ends at 65504, bfloat16 has the range of float,
/// and neither accepts infinity or NaN. After an exception all values are kept, but the prepacked copies are dropped.
template <Part P>
void convert(P& part, Precision precision) {
  static_assert(std::is_same_v<typename P::Scalar, float>,
                "convert needs a layer or model of float, other scalars have no 16-bit weights");
  detail::Undo drop([&] { detail::drop_copies(part); });  // an exception leaves no 16-bit copies
  detail::for_each_weight(part, [&](auto& weight) { weight.prepare(precision); });
  drop.cancel();
  detail::for_each_weight(part, [](auto& weight) { weight.release(); });
}

}}  // namespace heed::v0_2
