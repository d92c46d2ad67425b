#pragma once

#include <heed/decoders/readout.hpp>

namespace heed { inline namespace v0_2 {

/// The maxout readout of Bahdanau, Cho & Bengio 2015, section A.2.2. Maxout: Goodfellow et al. 2013.
///
///     t~ = W [s; c; x] + b        features_j = max(t~_2j, t~_2j+1)        W = [U_o C_o V_o], 2 features rows
///
/// In section A.2.2 of the paper s is the state before the step, s_{i-1}, but in equation 4 it is s_i. `previous`
/// selects one of them.
template <class S>
struct MaxoutReadout : JointProjection<S> {
  bool previous = true;  ///< whether s is the state before the step

  MaxoutReadout() = default;
  /// Throws heed::Error unless every size is 1 or more. The paper has no b; it is initialised to zero.
  explicit MaxoutReadout(const ReadoutOptions& options) : JointProjection<S>("MaxoutReadout", options, 2) {}

  Index output_size() const { return this->W.rows() / 2; }
  /// Whether s is the state before the step.
  bool reads_previous() const { return previous; }

  /// Overwrites features (feature size x n) from s (state x n), c (context x n) and x (word x n). Saves t~ in `kept`
  /// for backward: 2 * feature size x n. Does not allocate once `kept` is large enough.
  void forward(const In<S>& s, const In<S>& c, const In<S>& x, Out<S> features, Buffer<S>& kept) const {
    this->check("MaxoutReadout.forward", "s", s, "c", c, "x", x, s.cols());
    detail::check_size("MaxoutReadout.forward", "features", features, output_size(), s.cols());
    kept.resize(this->W.rows(), x.cols());
    this->project(s, c, x, kept);
    for (Index i = 0; i < x.cols(); ++i) {
      for (Index j = 0; j < features.rows(); ++j) {
        const S &one = kept(2 * j, i), &other = kept(2 * j + 1, i);
        features(j, i) = one < other || other != other ? other : one;  // NaN if one of them is NaN
      }
    }
  }

  /// Backward of `forward` from d_features. Overwrites `kept` with its gradient. Adds to grad and to the gradients of
  /// the three inputs. If both elements of a pair are equal, the first one gets the whole gradient.
  void backward(const In<S>& s, const In<S>& c, const In<S>& x, const In<S>& features, Buffer<S>& kept,
                Out<S> d_features, MaxoutReadout& grad, Out<S> d_s, Out<S> d_c, Out<S> d_x) const {
    const char* const name = "MaxoutReadout.backward";
    this->check(name, "s", s, "c", c, "x", x, s.cols());
    detail::check_size(name, "features", features, output_size(), s.cols());
    detail::check_size(name, "kept", kept, this->W.rows(), s.cols());
    detail::check_size(name, "d_features", d_features, output_size(), s.cols());
    this->check(name, "d_s", d_s, "d_c", d_c, "d_x", d_x, s.cols());
    detail::check_grad(name, *this, grad);
    for (Index i = 0; i < x.cols(); ++i) {
      for (Index j = 0; j < d_features.rows(); ++j) {
        const bool first = kept(2 * j, i) >= kept(2 * j + 1, i);
        kept(2 * j, i) = first ? d_features(j, i) : S(0);
        kept(2 * j + 1, i) = first ? S(0) : d_features(j, i);
      }
    }
    this->project_backward(s, c, x, kept, grad, d_s, d_c, d_x);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    JointProjection<S>::visit_parameters(visit, self...);
    visit("previous", self.previous...);
  }
};

}}  // namespace heed::v0_2
