#pragma once

#include <heed/cells/gru.hpp>

namespace heed::test {

/// The type of a cell with another scalar type.
template <class To, class C>
struct WithScalar;
template <class To, template <class> class C, class S>
struct WithScalar<To, C<S>> {
  using type = C<To>;
};
template <class To, template <class, int, int> class C, class S, int Input, int Hidden>
struct WithScalar<To, C<S, Input, Hidden>> {
  using type = C<To, Input, Hidden>;
};
template <class To, template <class, int, int, int> class C, class S, int Input, int Units, int Hidden>
struct WithScalar<To, C<S, Input, Units, Hidden>> {
  using type = C<To, Input, Units, Hidden>;
};
template <class To, template <class, int, int, class> class C, class S, int Input, int Hidden, class Activation>
struct WithScalar<To, C<S, Input, Hidden, Activation>> {
  using type = C<To, Input, Hidden, Activation>;
};
template <class To, template <class, int, int, GruForm> class C, class S, int Input, int Hidden, GruForm Form>
struct WithScalar<To, C<S, Input, Hidden, Form>> {
  using type = C<To, Input, Hidden, Form>;
};
template <class To, class C>
using with_scalar = typename WithScalar<To, C>::type;

}  // namespace heed::test
