#pragma once

#include <heed/attention/memory.hpp>
#include <heed/encoders/recurrence.hpp>
#include <heed/layers/dropout.hpp>

#include <concepts>
#include <optional>
#include <vector>

namespace heed { inline namespace v0_2 {

/// One state matrix (state size x sentences, in batch order) per layer and direction, in PyTorch's order:
/// layer 0 forward, layer 0 backward, layer 1 forward, ...
template <class S>
using EncoderStates = std::vector<Buffer<S>>;

/// The options of an `Encoder`. Each size must be at least 1, and the dropout rate in [0, 1).
struct EncoderOptions {
  Index input_size = 0;        ///< rows of x, the embedding size
  Index hidden_size = 0;       ///< rows of h of one direction
  Index layers = 1;            ///< number of layers; the input of a layer is the output of the layer below
  bool bidirectional = false;  ///< whether each layer has a second cell that runs from the last word to the first
  double dropout = 0;          ///< dropout rate between layers
};

/// One layer: a forward cell and, in a bidirectional encoder, a backward one (Schuster & Paliwal 1997).
template <Cell C>
struct EncoderLayer {
  C forward;                  ///< runs from the first word to the last
  std::optional<C> backward;  ///< runs from the last word to the first

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("forward", self.forward...);
    visit("backward", self.backward...);
  }
};

/// The results and temporary buffers of an encoder. Use one per thread. The buffers only grow.
template <class S>
struct EncoderTape {
  /// The results and buffers of one layer.
  struct Layer {
    RecurrenceTape<S> directions[2];  ///< forward and backward
    Buffer<S> input;                  ///< as `outputs`: those of the layer below after dropout; not in layer 0
    Buffer<S> mask;                   ///< as `outputs`: the dropout mask of `input`
    Buffer<S> outputs;                ///< directions * hidden x columns, packed
    Buffer<S> d_outputs;              ///< as `outputs`: their gradient
  };
  bool save_activations = true;       ///< whether `forward` saves what `backward` needs; false: faster, same result
  bool has_activations = false;       ///< whether the last `forward` saved its activations
  std::vector<Layer> layers;          ///< from bottom to top
  EncoderStates<S> final_states;      ///< after forward
  EncoderStates<S> d_initial_states;  ///< after backward

  /// The outputs of the top layer. Throws heed::Error before the first `forward`.
  const Buffer<S>& outputs() const {
    require(!layers.empty(), "EncoderTape: there are no outputs before Encoder::forward");
    return layers.back().outputs;
  }
};

namespace detail {

/// Throws unless `states` has one state per layer and direction of the encoder, each with one column per sentence.
template <class EncoderType, class S>
void check_states(const char* function, const char* name, const EncoderType& encoder, const EncoderStates<S>& states,
                  const PackedBatch& packing) {
  check_number(function, name, static_cast<Index>(states.size()),
               encoder.directions() * static_cast<Index>(encoder.layers.size()), "states, one per layer and direction");
  for (const auto& state : states) {
    check_state(function, name, encoder.layers.front().forward, state, packing.sentences());
  }
}

}  // namespace detail

/// A stack of recurrent layers of any cell, unidirectional or bidirectional, with dropout between layers as in PyTorch.
/// `recurrent` is dropout of h between steps: each sentence has one mask for all of its steps.
///
///     x (input x columns, packed) -> layer 0 -> dropout -> layer 1 -> ... -> outputs (directions * hidden x columns)
///
/// Throws heed::Error if a size does not fit.
template <Cell C>
struct Encoder {
  using Scalar = typename C::Scalar;
  using S = Scalar;
  using CellType = C;  ///< the cell of all layers

  std::vector<EncoderLayer<C>> layers;  ///< from bottom to top
  Dropout<S> dropout, recurrent;        ///< dropout between layers, and of h between steps
  /// Whether each sentence is encoded from its last word to its first, as in Sutskever, Vinyals & Le 2014. The outputs
  /// stay in the columns of their words. In a bidirectional encoder, this swaps the directions of the two cells.
  bool reversed = false;

  Encoder() = default;

  /// Creates each cell as C(input, hidden). Throws heed::Error if a size is less than 1.
  explicit Encoder(const EncoderOptions& options) requires std::constructible_from<C, Index, Index>
      : Encoder(options, detail::MakeCell<C>()) {}

  /// Creates each cell as make(input, hidden), for cells whose constructor takes more than these two sizes.
  template <class MakeCell>
  Encoder(const EncoderOptions& options, MakeCell&& make) : dropout(options.dropout) {
    detail::check_options(
        "Encoder",
        {{"input_size", options.input_size}, {"hidden_size", options.hidden_size}, {"layers", options.layers}});
    for (Index l = 0; l < options.layers; ++l) {
      const Index in = l == 0 ? options.input_size : (options.bidirectional ? 2 : 1) * options.hidden_size;
      layers.push_back({make(in, options.hidden_size), std::nullopt});
      if (options.bidirectional) layers.back().backward = make(in, options.hidden_size);
    }
  }

  /// Rows of x, the embedding size.
  Index input_size() const { return bottom().forward.input_size(); }
  /// The number of directions: 2 if the encoder is bidirectional, else 1.
  Index directions() const { return bottom().backward ? 2 : 1; }
  /// Rows of the outputs of one direction, and of all directions.
  Index hidden_size() const { return bottom().forward.hidden_size(); }
  Index output_size() const { return directions() * hidden_size(); }
  /// Whether direction d (0: forward, 1: backward) starts at the last word of each sentence.
  bool starts_at_end(Index d) const { return reversed != (d == 1); }

  /// Encodes a packed batch x (input x columns). The initial states are zero, or `initial`. Dropout is applied only if
  /// `random` is given (training); its generators are in batch order. Overwrites tape.outputs() and tape.final_states:
  /// the forward state after the last step of each sentence, and the backward state after its first step.
  ///
  /// A thread pool reduces the latency of a single sentence: each thread keeps a share of the weights of a prepacked
  /// cell in its cache. Each thread needs a separate core, since the threads wait for each other at every step.
  void forward(const In<S>& x, const PackedBatch& packing, EncoderTape<S>& tape, RandomStreams random = nullptr,
               const EncoderStates<S>* initial = nullptr, ThreadPool* thread_pool = nullptr) const {
    detail::check_size("Encoder.forward", "x", x, input_size(), packing.columns());
    if (initial != nullptr) detail::check_states("Encoder.forward", "initial", *this, *initial, packing);
    for (const auto& layer : layers) check_recurrent_dropout(layer.forward, recurrent);
    tape.has_activations = false;
    tape.layers.resize(layers.size());
    tape.final_states.resize(state_count());
    ThreadPool alone;
    const RandomStreams columns = random.in_order(packing.order());
    for (std::size_t l = 0; l < layers.size(); ++l) {
      auto& layer = tape.layers[l];
      if (l > 0) {
        const auto& below = tape.layers[l - 1].outputs;
        layer.input.assign(below);
        layer.mask.resize(below.rows(), below.cols());
        dropout.forward(random, packing, layer.input, layer.mask);
      }
      layer.outputs.resize(output_size(), packing.columns());
      for_each_direction(l, [&](const C& cell, Index d) {
        auto& direction = layer.directions[d];
        const std::size_t place = state_place(l, d);
        direction.running.resize(cell.state_size(), packing.sentences());
        for (Index p = 0; p < packing.sentences(); ++p) {
          if (initial != nullptr) direction.running.col(p) = (*initial)[place].col(packing.sentence(p));
        }
        if (initial == nullptr) direction.running.setZero();
        recurrent.draw(columns, cell.hidden_size(), packing.sentences(), direction.mask);
        const auto run = [&](const auto& input) {
          run_recurrence(cell, input, packing, starts_at_end(d), tape.save_activations, direction,
                         rows_of(layer.outputs, d), thread_pool != nullptr ? *thread_pool : alone);
        };
        l == 0 ? run(x) : run(layer.input);
        to_batch_order(packing, direction.running, tape.final_states[place]);
      });
    }
    tape.has_activations = tape.save_activations;
  }

  /// Backward of `forward`, from dL/d(outputs) and, if given, dL/d(final states). Adds to grad and d_x. Overwrites
  /// tape.d_initial_states. Pass the same `x` and `random` as to forward.
  void backward(const In<S>& x, const PackedBatch& packing, EncoderTape<S>& tape, const In<S>& d_outputs, Encoder& grad,
                Out<S> d_x, RandomStreams random = nullptr, const EncoderStates<S>* d_final = nullptr) const {
    require(tape.has_activations,
            "Encoder.backward: the tape has no saved activations; call forward with save_activations first");
    const char* const name = "Encoder.backward";
    detail::check_size(name, "x", x, input_size(), packing.columns());
    detail::check_count(name, "tape.layers", tape.layers.size(), layers.size());
    detail::check_size(name, "tape.outputs()", tape.outputs(), output_size(), packing.columns());
    detail::check_size(name, "d_outputs", d_outputs, output_size(), packing.columns());
    detail::check_size(name, "d_x", d_x, input_size(), packing.columns());
    if (d_final != nullptr) detail::check_states(name, "d_final", *this, *d_final, packing);
    detail::check_grad(name, *this, grad);
    tape.d_initial_states.resize(state_count());
    for (std::size_t l = layers.size(); l-- > 0;) {
      auto& layer = tape.layers[l];
      if (l + 1 == layers.size()) layer.d_outputs.assign(d_outputs);
      if (l > 0) {
        detail::check_size(name, "tape.input", layer.input, output_size(), packing.columns());
        tape.layers[l - 1].d_outputs.resize(layer.input.rows(), layer.input.cols());
        tape.layers[l - 1].d_outputs.setZero();
      }
      for_each_direction(l, [&](const C& cell, Index d) {
        auto& direction = layer.directions[d];
        const std::size_t place = state_place(l, d);
        C& cell_grad = d == 0 ? grad.layers[l].forward : *grad.layers[l].backward;
        direction.d_running.resize(cell.state_size(), packing.sentences());
        direction.d_running.setZero();
        for (Index p = 0; d_final != nullptr && p < packing.sentences(); ++p) {
          direction.d_running.col(p) = (*d_final)[place].col(packing.sentence(p));
        }
        run_recurrence_backward(cell, packing, starts_at_end(d), direction, rows_of(layer.d_outputs, d));
        to_batch_order(packing, direction.d_running, tape.d_initial_states[place]);
        cell.accumulate_recurrent(direction.previous, direction.d_a, cell_grad);
        if (l == 0) {
          cell.accumulate(x, 0, direction.d_a, cell_grad);
          cell.project_backward(direction.d_a, 0, d_x);
        } else {
          cell.accumulate(layer.input, 0, direction.d_a, cell_grad);
          cell.project_backward(direction.d_a, 0, tape.layers[l - 1].d_outputs);
        }
      });
      if (l > 0) dropout.backward(random, layer.mask, tape.layers[l - 1].d_outputs);
    }
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("layers", self.layers...);
    visit("dropout", self.dropout...);
    visit("recurrent", self.recurrent...);
    visit("reversed", self.reversed...);
  }

 private:
  const EncoderLayer<C>& bottom() const {
    require(!layers.empty(), "Encoder: there are no layers; construct it with sizes, or assign an encoder to it");
    return layers.front();
  }

  std::size_t state_count() const { return layers.size() * static_cast<std::size_t>(directions()); }
  std::size_t state_place(std::size_t l, Index d) const {
    return l * static_cast<std::size_t>(directions()) + static_cast<std::size_t>(d);
  }

  template <class Use>
  void for_each_direction(std::size_t l, Use&& use) const {
    use(layers[l].forward, Index{0});
    if (layers[l].backward) use(*layers[l].backward, Index{1});
  }

  /// The rows of direction d in the outputs of a layer. The outputs may have no columns.
  auto rows_of(Buffer<S>& outputs, Index d) const {
    return outputs.middleRows(outputs.cols() == 0 ? 0 : d * hidden_size(), hidden_size());
  }

  static void to_batch_order(const PackedBatch& packing, const Buffer<S>& packed, Buffer<S>& batch) {
    batch.resize(packed.rows(), packed.cols());
    for (Index p = 0; p < packing.sentences(); ++p) batch.col(packing.sentence(p)) = packed.col(p);
  }
};

/// Builds a memory from the results of an encoder. Values: the outputs, with the columns of each sentence adjacent.
/// Summary: the final h of the top layer, forward above backward. States: the final states of all layers. The keys
/// stay empty; an attention mechanism computes them. Throws heed::Error if `tape` does not come from a
/// forward of this packed batch.
template <Cell C>
void make_memory(const Encoder<C>& encoder, const PackedBatch& packing, const EncoderTape<typename C::Scalar>& tape,
                 std::vector<Index>& lengths, Memory<typename C::Scalar>& memory) {
  const Index H = encoder.hidden_size(), D = encoder.directions();
  detail::check_size("make_memory", "tape.outputs()", tape.outputs(), encoder.output_size(), packing.columns());
  detail::check_states("make_memory", "tape.final_states", encoder, tape.final_states, packing);
  lengths.resize(static_cast<std::size_t>(packing.sentences()));
  for (Index p = 0; p < packing.sentences(); ++p) {
    detail::at(lengths, packing.sentence(p)) = packing.length(p);
  }
  memory.resize(encoder.output_size(), lengths);
  for (Index p = 0; p < packing.sentences(); ++p) {
    auto values = memory.values_of(packing.sentence(p));
    for (Index t = 0; t < packing.length(p); ++t) values.col(t) = tape.outputs().col(packing.column(t, p));
  }
  memory.states.resize(tape.final_states.size());
  for (std::size_t i = 0; i < memory.states.size(); ++i) memory.states[i].assign(tape.final_states[i]);
  if (packing.sentences() == 0) return;
  for (Index d = 0; d < D; ++d) memory.summary.middleRows(d * H, H) = (memory.states.end() - D)[d].topRows(H);
}

/// Backward of `make_memory`. Overwrites d_outputs (packed). Adds d_memory.summary to the gradients of h of the top
/// layer in d_memory.states. Afterwards d_memory.states are the gradients of the final states. Throws heed::Error if
/// d_memory does not have the shape of the memory.
template <Cell C>
void make_memory_backward(const Encoder<C>& encoder, const PackedBatch& packing, Memory<typename C::Scalar>& d_memory,
                          Buffer<typename C::Scalar>& d_outputs) {
  const Index H = encoder.hidden_size(), D = packing.sentences() == 0 ? 0 : encoder.directions();
  const char* const name = "make_memory_backward";
  detail::check_number(name, "d_memory", d_memory.sentences(), packing.sentences(), "sentences");
  detail::check_size(name, "d_memory.values", d_memory.values, encoder.output_size(), packing.columns());
  detail::check_size(name, "d_memory.summary", d_memory.summary, encoder.output_size(), packing.sentences());
  detail::check_states(name, "d_memory.states", encoder, d_memory.states, packing);
  for (Index d = 0; d < D; ++d) (d_memory.states.end() - D)[d].topRows(H) += d_memory.summary.middleRows(d * H, H);
  d_outputs.resize(encoder.output_size(), packing.columns());
  for (Index p = 0; p < packing.sentences(); ++p) {
    const auto d_values = d_memory.values_of(packing.sentence(p));
    detail::check_number(name, "a sentence of d_memory", d_values.cols(), packing.length(p), "columns");
    for (Index t = 0; t < packing.length(p); ++t) d_outputs.col(packing.column(t, p)) = d_values.col(t);
  }
}

}}  // namespace heed::v0_2
