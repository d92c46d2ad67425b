#pragma once

#include <heed/decoders/readout.hpp>

#include <string>

namespace heed { inline namespace v0_2 {

/// The readout of Xu et al. 2015 (Show, Attend and Tell), equation 7. The output layer is L_o of this equation.
///
///     features = x + L_h s + L_z c        s: hidden state, c: context, x: embedded previous word
///
/// The embedded word is added without a weight matrix, so its size must equal the feature size. The equation has no
/// tanh and no bias. Throws heed::Error if a size does not match.
template <class S>
struct DeepOutput {
  using Scalar = S;

  Weight<S> L_h;  ///< features x state
  Weight<S> L_z;  ///< features x context

  DeepOutput() = default;
  /// Throws heed::Error unless every size is 1 or more and word_size equals feature_size.
  explicit DeepOutput(const ReadoutOptions& options) {
    const Index features = options.feature_size;
    detail::check_options("DeepOutput", options);
    require(options.word_size == features, [&] {
      return "DeepOutput: word_size must equal feature_size, " + std::to_string(features) + ", got " +
             std::to_string(options.word_size);
    });
    L_h = Weight<S>(features, options.hidden_size);
    L_z = Weight<S>(features, options.context_size);
  }

  /// Rows of the features.
  Index output_size() const { return L_h.rows(); }
  /// False: s is the state after the step.
  static constexpr bool reads_previous() { return false; }

  /// Overwrites features (feature size x n) from s (state x n), c (context x n) and x (word x n). Does not allocate.
  /// The last argument, for the saved activations of other readouts, is not used.
  void forward(const In<S>& s, const In<S>& c, const In<S>& x, Out<S> features, Buffer<S>&) const {
    check("DeepOutput.forward", "s", s, "c", c, "x", x, s.cols());
    detail::check_size("DeepOutput.forward", "features", features, output_size(), s.cols());
    features = x;
    add_product(L_h, s, features);
    add_product(L_z, c, features);
  }

  /// Backward of `forward` from d_features. Adds to grad and to the gradients of the three inputs.
  void backward(const In<S>& s, const In<S>& c, const In<S>& x, const In<S>& features, Buffer<S>&, Out<S> d_features,
                DeepOutput& grad, Out<S> d_s, Out<S> d_c, Out<S> d_x) const {
    const char* const name = "DeepOutput.backward";
    check(name, "s", s, "c", c, "x", x, s.cols());
    detail::check_size(name, "features", features, output_size(), s.cols());
    detail::check_size(name, "d_features", d_features, output_size(), s.cols());
    check(name, "d_s", d_s, "d_c", d_c, "d_x", d_x, s.cols());
    detail::check_grad(name, *this, grad);
    add_outer_product(d_features, c, grad.L_z);  // was: L_z c
    add_product_backward(L_z, d_features, d_c);  // was: L_z c
    add_outer_product(d_features, s, grad.L_h);  // was: L_h s
    add_product_backward(L_h, d_features, d_s);  // was: L_h s
    d_x += d_features;                           // was: x
  }

  static constexpr ParameterRole role(std::string_view) { return ParameterRole::weight; }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("L_h", self.L_h...);
    visit("L_z", self.L_z...);
  }

 private:
  void check(const char* function, const char* name_s, const In<S>& s, const char* name_c, const In<S>& c,
             const char* name_x, const In<S>& x, Index cols) const {
    detail::check_size(function, name_s, s, L_h.cols(), cols);
    detail::check_size(function, name_c, c, L_z.cols(), cols);
    detail::check_size(function, name_x, x, output_size(), cols);
  }
};

}}  // namespace heed::v0_2
