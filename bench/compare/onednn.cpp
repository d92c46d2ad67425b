// Compares heed with oneDNN's recurrent primitives: weights in the layout that the primitive selects, float32, one
// thread.

#include "recurrent.hpp"

#include <dnnl.hpp>

#include <dlfcn.h>

#include <unordered_map>

namespace {

using compare::Index;
using dnnl::memory;

std::string version() {
  const dnnl_version_t* const v = dnnl::version();
  return std::to_string(v->major) + '.' + std::to_string(v->minor) + '.' + std::to_string(v->patch);
}

/// Limits the OpenMP library that oneDNN is linked with to one thread. An environment variable would have no effect:
/// OpenMP reads it before main starts.
void use_one_thread() {
  if (void* const set = dlsym(RTLD_DEFAULT, "omp_set_num_threads")) reinterpret_cast<void (*)(int)>(set)(1);
}

memory::desc plain(const memory::dims& sizes, memory::format_tag tag) { return {sizes, memory::data_type::f32, tag}; }

/// The position in PyTorch's order of oneDNN's gate `place`: i f g o is the same in both, r z n becomes z r n.
template <class C>
Index gate_at(Index place) {
  constexpr Index gru[] = {1, 0, 2};
  return compare::is_lstm<C> ? place : gru[place];
}

/// A layer as a primitive of oneDNN, with its memory objects.
template <class C>
class OnednnLayer {
 public:
  explicit OnednnLayer(compare::RecurrentLayer<C>& layer)
      : stream_(engine_), outputs_(layer.size, layer.words * layer.batch) {
    using tag = memory::format_tag;
    const Index H = layer.size;
    const memory::dims words{layer.words, layer.batch, H}, weights{1, 1, H, gates, H}, biases{1, 1, 4, H};
    const memory::desc chosen(weights, memory::data_type::f32, tag::any);
    dnnl::primitive_attr strict;
    strict.set_fpmath_mode(dnnl::fpmath_mode::strict);
    const typename Primitive::primitive_desc description(
        describe(plain(words, tag::tnc), chosen, plain(biases, tag::ldgo)), strict, engine_);

    compare::Matrix W(gates * H, H), U(gates * H, H);
    for (Index g = 0; g < gates; ++g) {
      W.middleRows(g * H, H) = layer.cell.W.values().middleRows(gate_at<C>(g) * H, H);
      U.middleRows(g * H, H) = layer.cell.U.values().middleRows(gate_at<C>(g) * H, H);
    }
    bias_ = bias(layer.cell);
    primitive_ = Primitive(description);
    const memory packed_W = packed(W, plain(weights, tag::ldigo), description.weights_layer_desc());
    const memory packed_U = packed(U, plain(weights, tag::ldigo), description.weights_iter_desc());
    arguments_ = {{DNNL_ARG_SRC_LAYER, memory(plain(words, tag::tnc), engine_, layer.x.data())},
                  {DNNL_ARG_WEIGHTS_LAYER, packed_W},
                  {DNNL_ARG_WEIGHTS_ITER, packed_U},
                  {DNNL_ARG_BIAS, memory(plain(biases, tag::ldgo), engine_, bias_.data())},
                  {DNNL_ARG_DST_LAYER, memory(plain(words, tag::tnc), engine_, outputs_.data())}};
  }

  void operator()() {
    primitive_.execute(stream_, arguments_);
    stream_.wait();
  }
  const float* outputs() const { return outputs_.data(); }

 private:
  static constexpr Index gates = compare::CellTraits<C>::gates;
  /// "Linear before reset" (lbr) is PyTorch's convention: the reset gate multiplies U h.
  using Primitive = std::conditional_t<compare::is_lstm<C>, dnnl::lstm_forward, dnnl::lbr_gru_forward>;

  /// An initial state without a description is zero, and a final state without one is not returned.
  static typename Primitive::desc describe(const memory::desc& words, const memory::desc& weights,
                                           const memory::desc& bias) {
    constexpr auto kind = dnnl::prop_kind::forward_inference;
    constexpr auto direction = dnnl::rnn_direction::unidirectional_left2right;
    const memory::desc none;
    if constexpr (compare::is_lstm<C>) {
      return {kind, direction, words, none, none, weights, weights, bias, words, none, none};
    } else {
      return {kind, direction, words, none, weights, weights, bias, words, none};
    }
  }

  /// The gate n of a GRU has two biases, since the reset gate multiplies one of them. All others are the sums of two.
  static compare::Vector bias(const C& cell) {
    const Index H = cell.hidden_size();
    compare::Vector all(4 * H);
    if constexpr (compare::is_lstm<C>) {
      all = cell.b_W + cell.b_U;
    } else {
      all << cell.b_W.segment(H, H) + cell.b_U.segment(H, H), cell.b_W.head(H) + cell.b_U.head(H), cell.b_W.tail(H),
          cell.b_U.tail(H);
    }
    return all;
  }

  memory packed(compare::Matrix& weights, const memory::desc& from, const memory::desc& to) {
    memory given(from, engine_, weights.data()), result(to, engine_);
    dnnl::reorder(given, result).execute(stream_, given, result);
    stream_.wait();
    return result;
  }

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_;
  compare::Matrix outputs_;
  compare::Vector bias_;
  Primitive primitive_;
  std::unordered_map<int, memory> arguments_;
};

}  // namespace

int main(int argc, char** argv) {
  use_one_thread();
  return compare::run(argc, argv, {{"onednn", version()}}, [](compare::Comparison& comparison) {
    compare::for_each_recurrent_layer(comparison, [&]<class C>(compare::RecurrentLayer<C>& layer) {
      OnednnLayer<C> onednn(layer);
      comparison.add(layer.contest(
          "onednn", [&] { onednn(); }, onednn.outputs()));
    });
  });
}
