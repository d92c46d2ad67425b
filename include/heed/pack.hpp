#pragma once

#include <heed/parameters.hpp>
#include <heed/weight.hpp>

#include <atomic>

namespace heed::inline v0_1 {

namespace detail {

/// Prepacks the weights of a part. Several threads may do so together with one counter, which begins at 0: each takes the
/// weight that is next.
template <Part P>
void prepack(P& part, std::atomic<int>& next) {
  int mine = next++, at = 0;
  for_each_member(
      [&]<class Member>(const ParameterName&, Member& member) {
        if constexpr (WeightMember<Member>) {
          if (at++ != mine) return;
          member.prepack();
          mine = next++;
        }
      },
      part);
}

/// Drops all prepacked copies. Threads may change different numbers of the part afterwards.
template <Part P>
void drop_copies(P& part) {
  for_each_member(
      []<class Member>(const ParameterName&, Member& member) {
        if constexpr (WeightMember<Member>) member.drop_copy();
      },
      part);
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
/// released, so the part can neither learn nor be saved any more. Throws `Error`, and leaves all values but no
/// prepacked copies, if these numbers cannot hold one: half ends at 65504, bfloat16 where float does, and neither holds infinity or NaN. Vectors, embeddings and
/// small matrices of fixed size stay as they are.
template <Part P>
void convert(P& part, Precision precision) {
  static_assert(std::is_same_v<typename P::Scalar, float>,
                "convert: numbers of 16 bits stand for those of a float part");
  struct DropUnlessDone {  // an exception must not leave copies of 16 bits beside values
    P& part;
    bool done = false;
    ~DropUnlessDone() {
      if (!done) detail::drop_copies(part);
    }
  } guard{part};
  detail::for_each_member(
      [&]<class Member>(const ParameterName&, Member& member) {
        if constexpr (detail::WeightMember<Member>) member.prepare(precision);
      },
      part);
  guard.done = true;
  detail::for_each_member(
      []<class Member>(const ParameterName&, Member& member) {
        if constexpr (detail::WeightMember<Member>) member.release();
      },
      part);
}

}  // namespace heed::inline v0_1
