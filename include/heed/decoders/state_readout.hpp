#pragma once

#include <heed/decoders/readout.hpp>

#include <string>

namespace heed { inline namespace v0_2 {

/// A readout without parameters. The output layer is applied to the decoder state itself, as in the attention decoder
/// of the PyTorch tutorial on translation (docs/pytorch.md).
///
///     features = s        s: hidden state h after the step
///
/// Throws heed::Error if a size does not match.
template <class S>
struct StateReadout {
  using Scalar = S;

  Index state = 0;    ///< rows of s, the hidden state h, and of the features
  Index context = 0;  ///< rows of the context c, which is not used
  Index word = 0;     ///< rows of the embedded previous word x, which is not used

  StateReadout() = default;
  /// Throws heed::Error unless every size is 1 or more and feature_size equals hidden_size.
  explicit StateReadout(const ReadoutOptions& options)
      : state(options.hidden_size), context(options.context_size), word(options.word_size) {
    detail::check_options("StateReadout", options);
    require(options.feature_size == state, [&] {
      return "StateReadout: feature_size must equal hidden_size, " + std::to_string(state) + ", got " +
             std::to_string(options.feature_size);
    });
  }

  /// Rows of the features.
  Index output_size() const { return state; }
  /// False: s is the state after the step.
  static constexpr bool reads_previous() { return false; }

  /// Overwrites features (state x n) with s (state x n). Does not allocate. The last argument, for the saved
  /// activations of other readouts, is not used.
  void forward(const In<S>& s, const In<S>& c, const In<S>& x, Out<S> features, Buffer<S>&) const {
    check("StateReadout.forward", "s", s, "c", c, "x", x, s.cols());
    detail::check_size("StateReadout.forward", "features", features, output_size(), s.cols());
    features = s;
  }

  /// Backward of `forward`: adds d_features to d_s. The gradients of c and x are 0.
  void backward(const In<S>& s, const In<S>& c, const In<S>& x, const In<S>& features, Buffer<S>&, Out<S> d_features,
                StateReadout&, Out<S> d_s, Out<S> d_c, Out<S> d_x) const {
    const char* const name = "StateReadout.backward";
    check(name, "s", s, "c", c, "x", x, s.cols());
    detail::check_size(name, "features", features, output_size(), s.cols());
    detail::check_size(name, "d_features", d_features, output_size(), s.cols());
    check(name, "d_s", d_s, "d_c", d_c, "d_x", d_x, s.cols());
    d_s += d_features;  // was: features = s
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("state", self.state...);
    visit("context", self.context...);
    visit("word", self.word...);
  }

 private:
  void check(const char* function, const char* name_s, const In<S>& s, const char* name_c, const In<S>& c,
             const char* name_x, const In<S>& x, Index cols) const {
    detail::check_size(function, name_s, s, state, cols);
    detail::check_size(function, name_c, c, context, cols);
    detail::check_size(function, name_x, x, word, cols);
  }
};

}}  // namespace heed::v0_2
