#pragma once

#include <heed/attention/any_attention.hpp>
#include <heed/attention/gated.hpp>
#include <heed/decoders/any_decoder.hpp>
#include <heed/decoders/deep_output.hpp>
#include <heed/decoders/state_readout.hpp>
#include <heed/models/seq2seq.hpp>

#include "support/normalizers.hpp"
#include "support/oracles.hpp"

#include <algorithm>
#include <vector>

/// A whole model for one sentence, computed word by word in long double, without batches and matrix products.
namespace oracle {

using heed::Token;

inline Column join(Column a, const Column& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Column top(const Column& state, Index size) { return Column(state.begin(), state.begin() + size); }

/// tanh(M x + b)
template <class M, class B>
Column tanh_layer(const M& matrix, const Column& x, const B& bias) {
  Column y;
  for (Index k = 0; k < matrix.rows(); ++k) y.push_back(std::tanh(affine(matrix, 0, x, bias, k)));
  return y;
}

/// The outputs of an encoder for one sentence.
struct Encoded {
  std::vector<Column> values;
  Column summary;
  std::vector<Column> states;  ///< the final state of every layer and direction
};

/// The outputs of one direction. Appends its final state to `states`.
template <class C>
std::vector<Column> run(const C& cell, std::vector<Column> inputs, bool reversed, std::vector<Column>& states) {
  if (reversed) std::reverse(inputs.begin(), inputs.end());
  std::vector<Column> outputs;
  Column state(at(cell.state_size()));
  for (const Column& x : inputs) {
    state = step(cell, x, state);
    outputs.push_back(top(state, cell.hidden_size()));
  }
  if (reversed) std::reverse(outputs.begin(), outputs.end());
  states.push_back(state);
  return outputs;
}

template <class C>
Encoded encode(const heed::Encoder<C>& encoder, std::vector<Column> x) {
  Encoded source;
  for (const auto& layer : encoder.layers) {
    std::vector<Column> outputs = run(layer.forward, x, encoder.reversed, source.states);
    source.summary = top(source.states.back(), encoder.hidden_size());
    if (layer.backward) {
      const std::vector<Column> back = run(*layer.backward, x, !encoder.reversed, source.states);
      source.summary = join(source.summary, top(source.states.back(), encoder.hidden_size()));
      for (std::size_t t = 0; t < x.size(); ++t) outputs[t] = join(outputs[t], back[t]);
    }
    x = outputs;
  }
  source.values = x;
  return source;
}

/// The initial state of every layer of a decoder.
template <class S>
std::vector<Column> first_states(const heed::Bridge<S>& bridge, const Encoded& source) {
  if (bridge.copied > 0) return source.states;
  std::vector<Column> states;
  for (const auto& layer : bridge.layers) states.push_back(tanh_layer(layer.W, source.summary, layer.b));
  return states;
}

template <class C>
void step(const std::vector<C>& cells, Column x, std::vector<Column>& states) {
  for (std::size_t l = 0; l < cells.size(); ++l) {
    states[l] = step(cells[l], x, states[l]);
    x = top(states[l], cells[l].hidden_size());
  }
}

/// The context of one step of attention. `weights` contains the weights of the previous steps; the new weights are
/// appended.
template <class ScorerType, class NormalizerType>
Column look(const heed::Attention<ScorerType, NormalizerType>& attention, const Column& query, const Encoded& source,
            std::vector<Column>& weights) {
  Column scores, context(source.summary.size());
  for (std::size_t j = 0; j < source.values.size(); ++j) {
    scores.push_back(score(attention.scorer, query, source.values, j, weights));
  }
  weights.push_back(normalise(attention.normalizer, scores));
  for (std::size_t j = 0; j < source.values.size(); ++j) {
    for (std::size_t k = 0; k < context.size(); ++k) context[k] += weights.back()[j] * source.values[j][k];
  }
  return context;
}

/// Luong, Pham & Manning 2015, section 3.2: first with p_t = t, then with p_t of equation 9. Positions are counted from
/// 0, and `look` limits p_t to the last position.
template <class S>
Real position(const heed::StepPosition<S>&, const Column&, Index, Index step) {
  return static_cast<Real>(step);
}
template <class S>
Real position(const heed::PredictedPosition<S>& predicted, const Column& query, Index length, Index) {
  const Column hidden = tanh_layer(predicted.W, query, no_bias());
  Real a = 0;
  for (std::size_t k = 0; k < hidden.size(); ++k) {
    a += static_cast<Real>(predicted.v(static_cast<Index>(k))) * hidden[k];
  }
  return static_cast<Real>(length) * sigmoid(a);
}
template <class ScorerType, class PositionType>
Column look(const heed::LocalAttention<ScorerType, PositionType>& attention, const Column& query, const Encoded& source,
            std::vector<Column>& weights) {
  const Index length = static_cast<Index>(source.values.size());
  const auto D = static_cast<Real>(attention.window);
  const Real p = std::min(position(attention.position, query, length, static_cast<Index>(weights.size())),
                          static_cast<Real>(length - 1));
  Column found(at(length)), context(source.summary.size());
  Real total = 0;
  for (std::size_t j = 0; j < at(length); ++j) {
    if (std::abs(static_cast<Real>(j) - p) > D) continue;
    total += found[j] = std::exp(score(attention.scorer, query, source.values, j, weights));
  }
  for (std::size_t j = 0; j < at(length); ++j) {
    const Real distance = static_cast<Real>(j) - p, sigma = D / 2;
    found[j] *= (PositionType::is_gaussian ? std::exp(-distance * distance / (2 * sigma * sigma)) : 1) / total;
    for (std::size_t k = 0; k < context.size(); ++k) context[k] += found[j] * source.values[j][k];
  }
  weights.push_back(found);
  return context;
}

/// Raffel et al. 2017, equation 9, as a sum over all paths from the position of the previous step to j; or algorithm 1
/// if `hard`.
template <class ScorerType>
Column look(const heed::MonotonicAttention<ScorerType>& attention, const Column& query, const Encoded& source,
            std::vector<Column>& weights) {
  const std::size_t length = source.values.size();
  Column last(length), p, found(length), context(source.summary.size());
  last[0] = 1;
  if (!weights.empty()) last = weights.back();
  for (std::size_t j = 0; j < length; ++j) {
    p.push_back(sigmoid(score(attention.scorer, query, source.values, j, {}) + static_cast<Real>(attention.r(0))));
    if (attention.hard) p[j] = p[j] > 0.5L ? 1 : 0;
  }
  for (std::size_t j = 0; j < length; ++j) {
    for (std::size_t from = 0; from <= j; ++from) {
      Real way = last[from] * p[j];
      for (std::size_t passed = from; passed < j; ++passed) way *= 1 - p[passed];
      found[j] += way;
    }
    for (std::size_t k = 0; k < context.size(); ++k) context[k] += found[j] * source.values[j][k];
  }
  weights.push_back(found);
  return context;
}

template <class ScorerType, class NormalizerType>
Column look(const heed::AnyAttention<ScorerType, NormalizerType>& any, const Column& query, const Encoded& source,
            std::vector<Column>& weights) {
  return std::visit([&](const auto& l) { return look(l, query, source, weights); }, any.chosen);
}

template <class S>
Column look(const heed::FixedVector<S>&, const Column&, const Encoded& source, std::vector<Column>&) {
  return source.summary;
}

/// Xu et al. 2015, section 4.2.1: beta = sigmoid(f_beta(h_{t-1})) times the inner context.
template <class AttentionType>
Column look(const heed::GatedAttention<AttentionType>& gated, const Column& query, const Encoded& source,
            std::vector<Column>& weights) {
  Column context = look(gated.inner, query, source, weights);
  for (Real& number : context) number *= sigmoid(affine(gated.gate.W, 0, query, gated.gate.b, 0));
  return context;
}

/// The features and the attention weights of every step, for the embedded decoder inputs `y`.
struct Decoded {
  std::vector<Column> features, weights;
};

template <class T>
Column read(const heed::Readout<T>& readout, const Column& h, const Column& context, const Column& word) {
  return tanh_layer(readout.W, join(join(h, context), word), readout.b);
}

/// Xu et al. 2015, equation 7 up to L_o: E y_{t-1} + L_h h_t + L_z z_t.
template <class T>
Column read(const heed::DeepOutput<T>& readout, const Column& h, const Column& context, Column word) {
  for (std::size_t k = 0; k < word.size(); ++k) {
    const auto row = static_cast<Index>(k);
    word[k] += affine(readout.L_h, 0, h, no_bias(), row) + affine(readout.L_z, 0, context, no_bias(), row);
  }
  return word;
}

template <class T>
Column read(const heed::StateReadout<T>&, const Column& h, const Column&, const Column&) {
  return h;
}

/// Bahdanau, Cho & Bengio 2015, equations 4 to 6: c_i from s_{i-1}, s_i from c_i. Conditional: Sennrich et al. 2017,
/// section 2: s'_i from the word, c_i from s'_i, s_i from c_i and s'_i.
template <class C, class AttentionType, template <class> class ReadoutType>
Decoded decode(const heed::ContextDecoder<C, AttentionType, ReadoutType>& decoder, const Encoded& source,
               const std::vector<Column>& y) {
  Decoded result;
  std::vector<Column> states = first_states(decoder.bridge, source);
  const Index size = decoder.stack.layers.back().hidden_size();
  for (const Column& word : y) {
    if (decoder.conditional()) {
      std::vector<Column> first = {states.front()};
      step(decoder.transition.layers, word, first);
      states.front() = first.front();
    }
    const Column& query = decoder.conditional() ? states.front() : states.back();
    const Column context = look(decoder.attention, top(query, size), source, result.weights);
    step(decoder.stack.layers, decoder.conditional() ? context : join(word, context), states);
    result.features.push_back(read(decoder.readout, top(states.back(), size), context, word));
  }
  return result;
}

/// Luong, Pham & Manning 2015, equations 5 and 7 and section 3.3: s_i is computed first, then c_i from it; [c_i; s_i]
/// has this order.
template <class C, class AttentionType>
Decoded decode(const heed::AttentionalDecoder<C, AttentionType>& decoder, const Encoded& source,
               const std::vector<Column>& y) {
  Decoded result;
  std::vector<Column> states = first_states(decoder.bridge, source);
  const Index size = decoder.stack.layers.back().hidden_size();
  Column fed(decoder.input_feeding ? at(decoder.W.rows()) : 0);
  for (const Column& word : y) {
    step(decoder.stack.layers, join(word, fed), states);
    const Column h = top(states.back(), size);
    const Column context = look(decoder.attention, h, source, result.weights);
    result.features.push_back(tanh_layer(decoder.W, join(context, h), no_bias()));
    if (decoder.input_feeding) fed = result.features.back();
  }
  return result;
}

/// Cho et al. 2014, appendix A.1.1 and A.1.2: c = tanh(V h), s_0 = tanh(V' c); c is an input of every step and of the
/// maxout readout.
template <class S>
Decoded decode(const heed::ChoDecoder<S>& decoder, const Encoded& source, const std::vector<Column>& y) {
  Decoded result;
  const Column c = tanh_layer(decoder.code.W, source.summary, decoder.code.b);
  std::vector<Column> states = first_states(decoder.bridge, {{}, c, {}});
  for (const Column& word : y) {
    step(decoder.stack.layers, join(word, c), states);
    const Column all = join(join(states.back(), c), word);
    Column features;
    for (Index k = 0; k < decoder.readout.W.rows(); k += 2) {
      features.push_back(std::max(affine(decoder.readout.W, 0, all, decoder.readout.b, k),
                                  affine(decoder.readout.W, 0, all, decoder.readout.b, k + 1)));
    }
    result.features.push_back(features);
  }
  return result;
}

/// Sutskever, Vinyals & Le 2014: a language model that starts from the final states of the encoder.
template <class C>
Decoded decode(const heed::SutskeverDecoder<C>& decoder, const Encoded& source, const std::vector<Column>& y) {
  Decoded result;
  std::vector<Column> states = source.states;
  for (const Column& word : y) {
    step(decoder.stack.layers, word, states);
    result.features.push_back(top(states.back(), decoder.stack.hidden_size()));
  }
  return result;
}

template <class C, class AttentionType>
Decoded decode(const heed::AnyDecoder<C, AttentionType>& any, const Encoded& source, const std::vector<Column>& y) {
  return std::visit([&](const auto& decoder) { return decode(decoder, source, y); }, any.decoder);
}

/// The cross-entropy of a label. With label smoothing, the target is the smoothed distribution.
inline Real cross_entropy(const Column& logits, Token wanted, Real smoothing) {
  const Column p = softmax(logits);
  Real loss = 0;
  for (std::size_t k = 0; k < p.size(); ++k) {
    const Real share = smoothing / static_cast<Real>(p.size());
    loss -= ((static_cast<Token>(k) == wanted ? 1 - smoothing : 0) + share) * std::log(p[k]);
  }
  return loss;
}

/// The loss of one sentence, and the attention weights and the most likely token of every step.
struct SentenceLoss {
  Real loss = 0;
  std::vector<Column> weights;
  std::vector<Token> likeliest;
};

/// The loss of one sentence with the decoder inputs `fed`.
template <class Model>
SentenceLoss sentence_loss_when_fed(const Model& model, std::span<const Token> source, std::span<const Token> target,
                                    std::span<const Token> fed, Real smoothing) {
  std::vector<Column> x, y;
  for (const Token word : source) x.push_back(column(model.source.table, word));
  for (const Token word : fed) y.push_back(column(model.target.table, word));
  const Decoded decoded = decode(model.decoder, encode(model.encoder, x), y);
  SentenceLoss result{0, decoded.weights, {}};
  for (std::size_t i = 0; i < y.size(); ++i) {
    Column logits;
    for (Index k = 0; k < model.output.W.rows(); ++k) {
      logits.push_back(affine(model.output.W, 0, decoded.features[i], model.output.b, k));
    }
    result.likeliest.push_back(static_cast<Token>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
    result.loss += cross_entropy(logits, i < target.size() ? target[i] : heed::symbols::eos, smoothing);
  }
  return result;
}

template <class Model>
SentenceLoss sentence_loss(const Model& model, std::span<const Token> source, std::span<const Token> target,
                           Real smoothing = 0) {
  std::vector<Token> fed{heed::symbols::bos};
  fed.insert(fed.end(), target.begin(), target.end());
  return sentence_loss_when_fed(model, source, target, fed, smoothing);
}

}  // namespace oracle
