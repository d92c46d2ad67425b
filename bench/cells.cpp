// Recurrent cells. FLOP counts only the matrix products (2 per multiply-add), not the gates.
//
//   step/CELL/batch:32/H:256/RIVAL              one step of 32 sentences, W x given: U h and the gates
//   layer/CELL/T:50/batch:32/H:256/RIVAL        32 sentences of 50 words of size H: W x for all words, then 50 steps
//
// RIVAL is `heed` or `eigen`, the equations of each cell in plain Eigen. The less common cells have only the layer, as
// `heed` and as `packed`, with prepacked weights.

#include "support.hpp"

#include <string>
#include <vector>

namespace {

using bench::Index;
using bench::Matrix;

/// Plain Eigen: one step from `a` = W x + b_W, with preallocated matrices for the products.
struct PlainEigen {
  Matrix u, gates;

  static auto sigmoid(const auto& x) { return 1 / (1 + (-x).exp()); }

  void step(const heed::RnnCell<float>& c, const auto& a, Matrix& s) {
    u.noalias() = c.U.values() * s;
    s = (a + u).colwise() + c.b_U;
    s = s.array().tanh();
  }

  void step(const heed::GruCell<float>& c, const auto& a, Matrix& s) {
    const Index H = c.hidden_size();
    u.noalias() = c.U.values() * s;
    u.colwise() += c.b_U;
    gates = a;
    gates.topRows(2 * H) = sigmoid((gates + u).topRows(2 * H).array());
    const auto r = gates.topRows(H).array(), z = gates.middleRows(H, H).array();
    auto n = gates.bottomRows(H).array();
    n = (n + r * u.bottomRows(H).array()).tanh();
    s = (1 - z) * n + z * s.array();
  }

  void step(const heed::LstmCell<float>& c, const auto& a, Matrix& s) {
    const Index H = c.hidden_size();
    u.noalias() = c.U.values() * s.topRows(H);
    u.colwise() += c.b_U;
    gates = a + u;
    gates.topRows(2 * H) = sigmoid(gates.topRows(2 * H).array());
    gates.middleRows(2 * H, H) = gates.middleRows(2 * H, H).array().tanh();
    gates.bottomRows(H) = sigmoid(gates.bottomRows(H).array());
    const auto i = gates.topRows(H).array(), f = gates.middleRows(H, H).array();
    const auto g = gates.middleRows(2 * H, H).array(), o = gates.bottomRows(H).array();
    s.bottomRows(H) = f * s.bottomRows(H).array() + i * g;
    s.topRows(H) = o * s.bottomRows(H).array().tanh();
  }
};

/// One step of a batch, always from the same previous state.
template <heed::Cell C>
struct Step {
  C cell;
  Matrix first, projected, a;  // previous state; projected inputs for heed; those for plain Eigen
  Matrix saved, state;
  PlainEigen plain;

  Step(Index batch, Index size) : cell(size, size) {
    heed::Random random(1);
    bench::randomize_parameters(cell, size, random);
    const Matrix x = bench::random_matrix(size, batch, random);
    first = bench::random_matrix(cell.state_size(), batch, random);
    projected.resize(cell.saved_size(), batch);
    projected.setZero();
    cell.project(x, projected);
    a = (cell.W.values() * x).colwise() + cell.b_W;
    saved.resize(cell.saved_size(), batch);
    state.resize(cell.state_size(), batch);
  }

  double flops() const { return 2.0 * static_cast<double>(cell.U.size() * first.cols()); }
  bool right() {
    by_heed();
    const Matrix expected = state;
    by_eigen();
    return bench::agree(state, expected);
  }

  void by_heed() {
    saved = projected;  // step works in place; the copy takes 1 to 2 percent of the time
    cell.step(saved, first, state);
  }
  void by_eigen() {
    state = first;
    plain.step(cell, a, state);
  }
};

/// One layer over a batch of sentences of 50 words.
template <heed::Cell C>
struct Layer {
  static constexpr Index words = 50;

  heed::Encoder<C> encoder;
  heed::EncoderTape<float> tape;
  heed::PackedBatch packing;
  Matrix x, a, state, outputs;
  PlainEigen plain;

  Layer(Index batch, Index size)
      : encoder({.input_size = size, .hidden_size = size}),
        packing(std::vector<Index>(static_cast<std::size_t>(batch), words)) {
    heed::Random random(1);
    bench::randomize_parameters(encoder, size, random);
    x = bench::random_matrix(size, words * batch, random);
    outputs.resize(size, words * batch);
  }

  const C& cell() const { return encoder.layers.front().forward; }
  double flops() const { return 2.0 * static_cast<double>((cell().W.size() + cell().U.size()) * x.cols()); }
  bool right() {
    by_heed();
    by_eigen();
    return bench::agree(outputs, tape.outputs());
  }

  void by_heed() { encoder.forward(x, packing, tape); }
  void by_eigen() {
    a.noalias() = cell().W.values() * x;
    a.colwise() += cell().b_W;
    state.setZero(cell().state_size(), packing.sentences());
    for (Index t = 0; t < packing.steps(); ++t) {
      plain.step(cell(), a.middleCols(packing.first(t), packing.active(t)), state);
      outputs.middleCols(packing.first(t), packing.active(t)) = state.topRows(cell().hidden_size());
    }
  }
};

/// One layer, without and with prepacked weights.
template <heed::Cell C>
struct PackedLayer {
  heed::Encoder<C> encoder;
  heed::Encoder<C> packed;
  heed::EncoderTape<float> tape, packed_tape;
  heed::PackedBatch packing;
  Matrix x;

  PackedLayer(Index batch, Index size)
      : encoder({.input_size = size, .hidden_size = size}, make),
        packing(std::vector<Index>(static_cast<std::size_t>(batch), Layer<C>::words)) {
    heed::Random random(1);
    bench::randomize_parameters(encoder, size, random);
    packed = encoder;
    heed::prepack(packed);
    x = bench::random_matrix(size, packing.columns(), random);
  }

  static C make(Index input, Index hidden) {
    if constexpr (requires(C cell) { cell.units(); }) {
      return C(input, 2 * hidden, hidden);
    } else if constexpr (requires(C cell) { cell.context; }) {
      return C(input, hidden, true, input / 2);
    } else {
      return C(input, hidden);
    }
  }

  double flops() const {
    double weights = 0;
    heed::for_each_parameter(
        [&](const heed::ParameterName&, const auto& w) { weights += w.cols() > 1 ? static_cast<double>(w.size()) : 0; },
        encoder);
    return 2 * weights * static_cast<double>(x.cols());
  }
  bool right() {
    by_heed();
    by_packed();
    return bench::agree(packed_tape.outputs(), tape.outputs());
  }

  void by_heed() { encoder.forward(x, packing, tape); }
  void by_packed() { packed.forward(x, packing, packed_tape); }
};

template <class Work>
void add(const std::string& name, Index batch, Index size, void (Work::*way)()) {
  bench::add_row(name, [=](benchmark::State& state) {
    Work work(batch, size);
    if (!work.right()) {
      state.SkipWithError("the two ways disagree");
      return;
    }
    bench::measure(state, work, [&] { (work.*way)(); });
    bench::count(state, "FLOP", work.flops());
  });
}

template <heed::Cell C>
void add_cell(const std::string& name) {
  for (const Index batch : {1, 32}) {
    for (const Index size : {64, 256, 512}) {
      const std::string sizes = "/batch:" + std::to_string(batch) + "/H:" + std::to_string(size) + '/';
      add("step/" + name + sizes + "heed", batch, size, &Step<C>::by_heed);
      add("step/" + name + sizes + "eigen", batch, size, &Step<C>::by_eigen);
      const std::string layer = "layer/" + name + "/T:" + std::to_string(Layer<C>::words) + sizes;
      add(layer + "heed", batch, size, &Layer<C>::by_heed);
      add(layer + "eigen", batch, size, &Layer<C>::by_eigen);
    }
  }
}

template <heed::Cell C>
void add_layer(const std::string& name) {
  const std::string row = "layer/" + name + "/T:" + std::to_string(Layer<C>::words) + "/batch:32/H:256/";
  add(row + "heed", 32, 256, &PackedLayer<C>::by_heed);
  add(row + "packed", 32, 256, &PackedLayer<C>::by_packed);
}

[[maybe_unused]] const bool added = [] {
  add_cell<heed::RnnCell<float>>("rnn");
  add_cell<heed::GruCell<float>>("gru");
  add_cell<heed::LstmCell<float>>("lstm");
  add_layer<heed::GruCell<float, heed::Dynamic, heed::Dynamic, heed::gru_forms::bahdanau>>("gru-reset-before");
  add_layer<heed::ContextGruCell<float>>("context-gru");
  add_layer<heed::ProjectedLstmCell<float>>("projected-lstm");
  add_layer<heed::LayerNormLstmCell<float>>("layer-norm-lstm");
  add_layer<heed::LayerNormGruCell<float>>("layer-norm-gru");
  return true;
}();

}  // namespace
