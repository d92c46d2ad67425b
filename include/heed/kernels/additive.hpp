#pragma once

#include <heed/kernels/exponential_columns.hpp>
#include <heed/kernels/shared_division.hpp>
#include <heed/kernels/tanh_kernel.hpp>

#include <algorithm>

namespace heed { inline namespace v0_2 { namespace detail {

/// score_j = v' z_j with z_j = tanh(q + k_j): the score function of the additive and the concat scorers.
///
/// The keys are stored as `ExponentialColumns`, and the queries are converted to this form once per call. Then the
/// score needs no further exponential, and four packets share one division:
///
///     score = sum v - 2 sum v / (1 + e^{2q} e^{2k})
///
/// If the query or the key is a plain column, `TanhKernel` computes the pair. The method and the order of summation
/// depend on that pair alone.
template <class S, int Size>
class AdditiveKernel {
  using P = Packet<S>;
  using Form = ExponentialColumns<S>;

 public:
  /// Rows of the stored keys, for keys of `size` elements.
  static Index key_size(Index size) { return Form::rows(size); }

  /// Converts each column of `keys` in place to the form that the functions below expect. Its first rows contain k.
  static void finish_keys(const Vector<S, Size>& v, Out<S> keys) {
    const bool hold = !Form::within(v.size(), v.data(), S(Form::moderate));
    for (Index j = 0; j < keys.cols(); ++j) Form::make(v.size(), keys.col(j).data(), keys.col(j).data(), hold);
  }

  static void score(const Vector<S, Size>& v, const In<S, Size>& projected, const In<S>& keys, Out<S> scores,
                    Buffer<S>& scratch) {
    const AdditiveKernel kernel(v, projected, keys, scratch, 0);
    const auto to = columns_of(scores);
    Index j = 0;
    for (; j + 4 <= keys.cols(); j += 4) kernel.template score_keys<4>(j, scores.cols(), to);
    for (; j < keys.cols(); ++j) kernel.template score_keys<1>(j, scores.cols(), to);
  }

  /// Accumulates into d_v, d_projected and the first rows of d_keys, the gradients with respect to v, q and k.
  /// Recomputes z instead of saving it for every step of every sentence.
  static void score_backward(const Vector<S, Size>& v, const In<S, Size>& projected, const In<S>& keys,
                             const In<S>& d_scores, Vector<S, Size>& d_v, Out<S, Size> d_projected, Out<S> d_keys,
                             Buffer<S>& scratch) {
    const AdditiveKernel kernel(v, projected, keys, scratch, 2);
    auto fast_v = scratch.col(scratch.cols() - 2), fast_q = scratch.col(scratch.cols() - 1);  // padded to whole packets
    fast_v.setZero();
    for (Index i = 0; i < projected.cols(); ++i) {
      fast_q.setZero();
      for (Index j = 0; j < keys.cols(); ++j) {
        if (kernel.plain(i, j)) {
          kernel.pair(i, j).backward(d_scores(j, i), d_v.data(), d_projected.col(i).data(), d_keys.col(j).data());
        } else {
          Gradients{kernel.v_,     kernel.forms_.col(i), kernel.keys_.col(j), constant(S(d_scores(j, i))),
                    fast_v.data(), fast_q.data(),        d_keys.col(j).data()}
              .add_all(v.size());
        }
      }
      d_projected.col(i) += fast_q.head(v.size());
    }
    d_v += fast_v.head(v.size());
  }

 private:
  /// Writes the queries as `ExponentialColumns` to the first columns of `scratch`. The next column holds v padded with
  /// zeros to whole packets, if v needs padding. `more` further columns follow.
  AdditiveKernel(const Vector<S, Size>& v, const In<S, Size>& projected, const In<S>& keys, Buffer<S>& scratch,
                 Index more)
      : size_(v.size()), v_(v.data()), queries_(columns_of(projected)), keys_(columns_of(keys)) {
    const Index n = projected.cols();
    eigen_assert(projected.rows() == size_ && keys.rows() == key_size(size_));
    scratch.resize(keys.rows(), n + 1 + more);
    forms_ = columns_of(scratch);
    for (Index i = 0; i < n; ++i) Form::make(size_, queries_.col(i), scratch.col(i).data());
    if (size_ < Form::padded(size_)) {
      scratch.col(n).head(size_) = v;
      scratch.col(n).tail(keys.rows() - size_).setZero();
      v_ = scratch.col(n).data();
    }
    for (Index k = 0; k < size_; k += packet_size<S>)
      v_sum_ = Eigen::internal::padd(v_sum_, Eigen::internal::ploadu<P>(v_ + k));
  }

  bool plain(Index i, Index j) const { return Form::plain(size_, forms_.col(i)) || Form::plain(size_, keys_.col(j)); }

  /// The kernel for a pair that is computed without exponentials.
  TanhKernel<S> pair(Index i, Index j) const {
    return {size_, v_, queries_.col(i), keys_.col(j), !Form::plain(size_, keys_.col(j))};
  }

  /// Computes the scores of the `Cols` keys from column j on for every query.
  template <int Cols>
  void score_keys(Index j, Index queries, Columns<S> scores) const {
    namespace ei = Eigen::internal;
    bool plain_key = false;
    for (int c = 0; c < Cols; ++c) plain_key = plain_key || Form::plain(size_, keys_.col(j + c));
    for (Index i = 0; i < queries; ++i) {
      S* const to = scores.col(i) + j;
      const bool plain_query = Form::plain(size_, forms_.col(i));
      if (!plain_query) {
        Quotients<Cols> quotients(v_, forms_.col(i), keys_.from(j));
        quotients.add_all(size_);
#pragma GCC unroll 4
        for (int c = 0; c < Cols; ++c) to[c] = ei::predux(ei::pmadd(quotients.sum[c], constant(S(-2)), v_sum_));
      }
      if (plain_query || plain_key) {
        for (int c = 0; c < Cols; ++c) {
          if (plain(i, j + c)) to[c] = pair(i, j + c).score();
        }
      }
    }
  }

  /// Calls Step::add<4>(k) for each group of four packets, then Step::add<2>(k) and Step::add<1>(k) for the remaining
  /// packets.
  template <class Step>
  struct ByFours {
    EIGEN_ALWAYS_INLINE void add_all(Index size) {
      Step& step = static_cast<Step&>(*this);
      Index k = 0;
      for (; k + 4 * packet_size<S> <= Form::padded(size); k += 4 * packet_size<S>) step.template add<4>(k);
      if (k + packet_size<S> < size) {
        step.template add<2>(k);
        k += 2 * packet_size<S>;
      }
      if (k < size) step.template add<1>(k);
    }

    template <int N>
    EIGEN_ALWAYS_INLINE static void load(const S* from, P (&to)[std::size_t{N}]) {
#pragma GCC unroll 4
      for (int p = 0; p < N; ++p) to[p] = Eigen::internal::ploadu<P>(from + p * packet_size<S>);
    }
    template <int N>
    EIGEN_ALWAYS_INLINE static void denominators(const S* q, const S* key, P (&a)[std::size_t{N}]) {
      P qs[std::size_t{N}];
      load<N>(q, qs);
      load<N>(key, a);
#pragma GCC unroll 4
      for (int p = 0; p < N; ++p) a[p] = Form::denominator(qs[p], a[p]);
    }
  };

  /// The sums of v / (1 + e^{2q} e^{2k}) for one query and `Cols` keys.
  template <int Cols>
  struct Quotients : ByFours<Quotients<Cols>> {
    const S* v;
    const S* q;
    const S* key[std::size_t{Cols}];
    P sum[std::size_t{Cols}];

    EIGEN_ALWAYS_INLINE Quotients(const S* v_, const S* q_, Columns<const S> keys) : v(v_), q(q_) {
#pragma GCC unroll 4
      for (int c = 0; c < Cols; ++c) {
        key[c] = keys.col(c);
        sum[c] = constant(S(0));
      }
    }
    template <int N>
    EIGEN_ALWAYS_INLINE void add(Index k) {
      P vs[std::size_t{N}];
      this->template load<N>(v + k, vs);
#pragma GCC unroll 4
      for (int c = 0; c < Cols; ++c) {
        P a[std::size_t{N}];
        this->template denominators<N>(q + k, key[c] + k, a);
        sum[c] = Eigen::internal::padd(sum[c], SharedDivision<S>::sum(vs, a));
      }
    }
  };

  /// Backward for one query and one key.
  struct Gradients : ByFours<Gradients> {
    const S* v;
    const S* q;
    const S* key;
    P d_score;
    S* d_v;
    S* d_q;
    S* d_key;

    EIGEN_ALWAYS_INLINE Gradients(const S* v_, const S* q_, const S* key_, const P& d_score_, S* d_v_, S* d_q_,
                                  S* d_key_)
        : v(v_), q(q_), key(key_), d_score(d_score_), d_v(d_v_), d_q(d_q_), d_key(d_key_) {}

    template <int N>
    EIGEN_ALWAYS_INLINE void add(Index k) {
      namespace ei = Eigen::internal;
      const P one = constant(S(1));
      P r[std::size_t{N}];
      this->template denominators<N>(q + k, key + k, r);
      SharedDivision<S>::invert(r);
#pragma GCC unroll 4
      for (int p = 0; p < N; ++p) {
        const Index at = k + p * packet_size<S>;
        const P z = ei::pmadd(r[p], constant(S(-2)), one);
        const P slope = ei::pmul(ei::pmul(r[p], constant(S(4))), ei::psub(one, r[p]));  // 1 - z^2
        const P d_sum = ei::pmul(ei::pmul(d_score, ei::ploadu<P>(v + at)), slope);
        ei::pstoreu(d_v + at, ei::pmadd(d_score, z, ei::ploadu<P>(d_v + at)));  // was: score = v' z
        ei::pstoreu(d_key + at, ei::padd(ei::ploadu<P>(d_key + at), d_sum));    // was: z = tanh(q + k)
        ei::pstoreu(d_q + at, ei::padd(ei::ploadu<P>(d_q + at), d_sum));        // was: z = tanh(q + k)
      }
    }
  };

  Index size_;
  const S* v_;
  P v_sum_ = constant(S(0));
  Columns<const S> queries_, keys_, forms_{};
};

}}}  // namespace heed::v0_2::detail
