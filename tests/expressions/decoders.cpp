#include <heed/expressions/decoders.hpp>

#include <heed/cells/gru_reset_before.hpp>
#include <heed/cells/lstm.hpp>
#include <heed/decoders/bahdanau.hpp>
#include <heed/decoders/luong.hpp>
#include <heed/expressions/cells.hpp>
#include <heed/expressions/scores.hpp>
#include <heed/scorers/additive.hpp>
#include <heed/scorers/general.hpp>

#include "support/expressions.hpp"
#include "support/sentence_oracle.hpp"

#include <gtest/gtest.h>

namespace decoders_test {

using heed::Index;
using heed::Matrix;
using namespace expressions;
namespace expr = heed::expr;

constexpr Index word = 3, memory_size = 4, hidden = 5, features = 6, hypotheses = 3, steps = 4;

template <class S, int I, int H>
auto next_state(const heed::GruCell<S, I, H>& cell, const auto& x, const auto& s) {
  return expr::gru_step(x, s, cell.W.values(), cell.U.values(), cell.b_W, cell.b_U);
}
template <class S, int I, int H>
auto next_state(const heed::GruCell<S, I, H, heed::gru_forms::bahdanau>& cell, const auto& x, const auto& s) {
  return expr::gru_reset_before_step(x, s, cell.W.values(), cell.U.values(), cell.U_n.values(), cell.b_W, cell.b_U,
                                     true);
}
template <class S, int I, int H>
auto next_state(const heed::LstmCell<S, I, H>& cell, const auto& x, const auto& s) {
  return expr::lstm_step(x, s, cell.W.values(), cell.U.values(), cell.b_W, cell.b_U);
}

/// A decoder of the library with random parameters; all hypotheses have the same source sentence.
template <class D>
struct Decoding {
  using S = typename D::Scalar;
  D decoder;
  heed::Memory<S> memory;
  heed::DecoderState<S> state;
  heed::DecoderTape<S> tape;
  heed::Random random{1};

  explicit Decoding(D made) : decoder(std::move(made)) {
    randomize(decoder, random, 0.8);
    memory.resize(memory_size, std::vector<Index>{7});
    memory.values = random_matrix<S>(memory_size, 7, random);
    memory.summary.setZero();
    state.sentences.assign(hypotheses, 0);
    decoder.prepare(memory);
    decoder.start(memory, state, tape);
    state.layers[0] = random_matrix<S>(state.layers[0].rows(), hypotheses, random);
  }

  const auto& cell() const { return decoder.stack.bottom(); }
  const auto& scorer() const { return decoder.attention.scorer; }
  Matrix<S> words() { return random_matrix<S>(word, hypotheses, random); }

  /// Computes the next state and the context, or the attentional vector, with loops in long double.
  oracle::Column loops(const oracle::Column& y, const oracle::Column& s) const {
    const auto c = oracle::attend(scorer(), oracle::top(s, hidden), memory.values).context;
    return oracle::join(oracle::step(cell(), oracle::join(y, c), s), c);
  }
  oracle::Column loops(const oracle::Column& y, const oracle::Column& s, const oracle::Column& attentional) const {
    const auto next = oracle::step(cell(), oracle::join(y, attentional), s), h = oracle::top(next, hidden);
    const auto c = oracle::attend(scorer(), h, memory.values).context;
    return oracle::join(next, oracle::tanh_layer(decoder.W, oracle::join(c, h), oracle::no_bias()));
  }
};

template <class Cell>
void expect_bahdanau_steps() {
  using S = typename Cell::Scalar;
  using Scorer = heed::AdditiveScorer<S>;
  Decoding run(heed::BahdanauDecoder<Cell, Scorer>(
      {.word_size = word, .memory_size = memory_size, .hidden_size = hidden, .feature_size = features},
      {Scorer(hidden, memory_size, 5), {}}));
  const Scorer& scorer = run.scorer();
  Matrix<S> s = run.state.layers[0];
  for (Index t = 0; t < steps; ++t) {
    const Matrix<S> y = run.words(), before = s;
    const Matrix<S> s_and_c = expr::bahdanau_step(
        y, before, run.memory.values,
        [&](const auto& q, const auto& h) {
          return expr::additive_scores(q.topRows(hidden), h, scorer.W.values(), scorer.U.values(), scorer.v);
        },
        [&](const auto& x, const auto& state) { return next_state(run.cell(), x, state); });
    s = s_and_c.topRows(s.rows());
    heed::advance(run.decoder, y, run.memory, run.state, run.tape);
    EXPECT_LE(difference(s, run.state.layers[0]), tolerance<S>);
    EXPECT_LE(difference(s_and_c.bottomRows(memory_size), run.tape.attention.contexts), tolerance<S>);
    std::vector<oracle::Column> expected;
    for (Index i = 0; i < hypotheses; ++i) {
      expected.push_back(run.loops(oracle::column(y, i), oracle::column(before, i)));
    }
    EXPECT_LE(difference(s_and_c, oracle::matrix(expected)), tolerance<S>);
  }
}

template <class Cell>
void expect_luong_steps(bool input_feeding) {
  using S = typename Cell::Scalar;
  using Scorer = heed::GeneralScorer<S>;
  Decoding run(heed::LuongDecoder<Cell, Scorer>({.word_size = word,
                                                 .memory_size = memory_size,
                                                 .hidden_size = hidden,
                                                 .feature_size = features,
                                                 .input_feeding = input_feeding},
                                                {Scorer(hidden, memory_size), {}}));
  Matrix<S> s = run.state.layers[0], attentional = Matrix<S>::Zero(input_feeding ? features : 0, hypotheses);
  for (Index t = 0; t < steps; ++t) {
    const Matrix<S> y = run.words(), before = s, attentional_before = attentional;
    const Matrix<S> s_and_h = expr::luong_step(
        y, before, attentional_before, run.memory.values, run.decoder.W.values(),
        [&](const auto& q, const auto& h) { return expr::general_scores(q, h, run.scorer().W.values()); },
        [&](const auto& x, const auto& state) { return next_state(run.cell(), x, state); });
    s = s_and_h.topRows(s.rows());
    if (input_feeding) attentional = s_and_h.bottomRows(features);
    heed::advance(run.decoder, y, run.memory, run.state, run.tape);
    EXPECT_LE(difference(s, run.state.layers[0]), tolerance<S>);
    EXPECT_LE(difference(s_and_h.bottomRows(features), run.tape.features), tolerance<S>);
    std::vector<oracle::Column> expected;
    for (Index i = 0; i < hypotheses; ++i) {
      expected.push_back(
          run.loops(oracle::column(y, i), oracle::column(before, i), oracle::column(attentional_before, i)));
    }
    EXPECT_LE(difference(s_and_h, oracle::matrix(expected)), tolerance<S>);
  }
}

template <class S>
using BahdanauGru = heed::GruCell<S, heed::Dynamic, heed::Dynamic, heed::gru_forms::bahdanau>;

template <class S>
class DecoderExpressions : public testing::Test {};
using DecoderScalars = testing::Types<float, double>;
TYPED_TEST_SUITE(DecoderExpressions, DecoderScalars);

TYPED_TEST(DecoderExpressions, BahdanauMatchesLoopsAndDecoder) {
  expect_bahdanau_steps<heed::GruCell<TypeParam>>();
  expect_bahdanau_steps<BahdanauGru<TypeParam>>();
  expect_bahdanau_steps<heed::LstmCell<TypeParam>>();
}

TYPED_TEST(DecoderExpressions, LuongMatchesLoopsAndDecoder) {
  for (const bool input_feeding : {true, false}) {
    expect_luong_steps<heed::GruCell<TypeParam>>(input_feeding);
    expect_luong_steps<heed::LstmCell<TypeParam>>(input_feeding);
  }
}

}  // namespace decoders_test
