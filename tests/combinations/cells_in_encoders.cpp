#include <heed/cells/conventions.hpp>
#include <heed/cells/layer_norm_gru.hpp>
#include <heed/cells/layer_norm_lstm.hpp>
#include <heed/cells/projected_lstm.hpp>
#include <heed/encoders/encoder.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/oracles.hpp"
#include "support/packed.hpp"
#include "support/prepacked.hpp"
#include "support/typed_parts.hpp"
#include "support/with_scalar.hpp"

#include <gtest/gtest.h>

namespace cells_in_encoders_test {

using heed::GruForm;
using heed::Index;
using heed::Matrix;
using heed::Random;

template <class C>
heed::Encoder<C> make_encoder(Index inputs, Index size, Random& random) {
  heed::Encoder<C> encoder({.input_size = inputs, .hidden_size = size, .layers = 2, .bidirectional = true},
                           [](Index in, Index out) { return typed::MakeCell<C>::sized(in, out); });
  randomize(encoder, random);
  return encoder;
}

/// Two bidirectional layers over a ragged batch.
template <class C>
struct Trial {
  Random random{211};
  heed::Encoder<C> encoder;
  std::vector<Matrix<double>> sentences;
  heed::PackedBatch packing;
  Matrix<double> x, d_outputs;
  heed::EncoderStates<double> initial, d_final;

  explicit Trial(Index size = typed::hidden) : encoder(make_encoder<C>(typed::input, size, random)) {
    for (const Index length : {2, 4, 1}) sentences.push_back(random_matrix(typed::input, length, random));
    packing.assign(lengths(sentences));
    x = pack(sentences, packing);
    d_outputs = random_matrix(encoder.output_size(), packing.columns(), random);
    const Index rows = encoder.layers.front().forward.state_size();
    for (int i = 0; i < 4; ++i) {
      initial.emplace_back().assign(random_matrix(rows, 3, random));
      d_final.emplace_back().assign(random_matrix(rows, 3, random));
    }
  }

  /// The loss of `encoder` or of its packed copy.
  template <class E>
  double loss(const E& any) const {
    heed::EncoderTape<double> tape;
    any.forward(x, packing, tape, nullptr, &initial);
    double sum = tape.outputs().cwiseProduct(d_outputs).sum();
    for (std::size_t i = 0; i < d_final.size(); ++i) sum += tape.final_states[i].cwiseProduct(d_final[i]).sum();
    return sum;
  }

  template <class E>
  void backward(const E& any, heed::Encoder<C>& grad, Matrix<double>& d_x) const {
    heed::EncoderTape<double> tape;
    any.forward(x, packing, tape, nullptr, &initial);
    grad = heed::zeros_like(encoder);
    d_x = Matrix<double>::Zero(x.rows(), x.cols());
    any.backward(x, packing, tape, d_outputs, grad, d_x, nullptr, &d_final);
  }
};

/// Encodes one sentence with scalar loops, through all layers and directions.
template <class C>
Matrix<oracle::Real> paper_encoder(const Trial<C>& trial, Index sentence) {
  Matrix<oracle::Real> below = trial.sentences[oracle::at(sentence)].template cast<oracle::Real>();
  std::size_t state = 0;
  for (const auto& layer : trial.encoder.layers) {
    Matrix<oracle::Real> outputs(trial.encoder.output_size(), below.cols());
    for (Index d = 0; d < 2; ++d) {
      auto s = oracle::column(trial.initial[state++], sentence);
      const Index size = trial.encoder.hidden_size();
      for (Index k = 0; k < below.cols(); ++k) {
        const Index t = d == 0 ? k : below.cols() - 1 - k;
        s = oracle::step(d == 0 ? layer.forward : *layer.backward, oracle::column(below, t), s);
        for (Index i = 0; i < size; ++i) outputs(d * size + i, t) = s[oracle::at(i)];
      }
    }
    below = outputs;
  }
  return below;
}

template <class S>
using NewCells = std::tuple<typed::Gru<S, GruForm{false, true}>, typed::Gru<S, heed::gru_forms::cho>,
                            typed::Gru<S, heed::gru_forms::bahdanau>, heed::ProjectedLstmCell<S>,
                            heed::LayerNormLstmCell<S>, heed::LayerNormGruCell<S>>;
template <class Tuple>
struct TypesOf;
template <class... C>
struct TypesOf<std::tuple<C...>> {
  using type = testing::Types<C...>;
};

template <class C>
class EncodedCell : public testing::Test {};
TYPED_TEST_SUITE(EncodedCell, typename TypesOf<NewCells<double>>::type);

TYPED_TEST(EncodedCell, MatchesScalarLoopForEverySentence) {
  const Trial<TypeParam> trial;
  heed::EncoderTape<double> tape;
  trial.encoder.forward(trial.x, trial.packing, tape, nullptr, &trial.initial);
  for (Index b = 0; b < 3; ++b) {
    EXPECT_LE(difference(unpack(tape.outputs(), trial.packing, b), paper_encoder(trial, b)), 1e-14);
  }
}

TYPED_TEST(EncodedCell, GradientsMatchCentralDifferences) {
  Trial<TypeParam> trial;
  heed::Encoder<TypeParam> grad;
  Matrix<double> d_x;
  trial.backward(trial.encoder, grad, d_x);
  const auto loss = [&] { return trial.loss(trial.encoder); };
  auto check = heed::check_gradients(trial.encoder, grad, loss);
  heed::check_gradient("x", trial.x, d_x, loss, check);
  EXPECT_LE(check.error, 1e-6) << check.name << ' ' << check.place << ": " << check.analytic << ", not "
                               << check.numeric;
}

TYPED_TEST(EncodedCell, PackedMatchesLossAndGradients) {
  const Trial<TypeParam> trial(19);  // several panels and a partial one
  const auto packed = prepacked(trial.encoder);
  EXPECT_EQ(heed::parameter_count(packed), heed::parameter_count(trial.encoder));
  EXPECT_NEAR(trial.loss(packed), trial.loss(trial.encoder), 1e-12);
  heed::Encoder<TypeParam> grad, packed_grad;
  Matrix<double> d_x, packed_d_x;
  trial.backward(trial.encoder, grad, d_x);
  trial.backward(packed, packed_grad, packed_d_x);
  EXPECT_LE(part_difference(packed_grad, grad), 1e-12);
  EXPECT_LE(difference(packed_d_x, d_x), 1e-12);
}

TYPED_TEST(EncodedCell, HalfPrecisionIsClose) {
  using Float = heed::test::with_scalar<float, TypeParam>;
  Random random(227);
  const heed::Encoder<Float> encoder = make_encoder<Float>(typed::input, 19, random);
  const heed::PackedBatch packing(std::vector<Index>{2, 4, 1});
  const Matrix<float> x = random_matrix<float>(typed::input, packing.columns(), random);
  heed::EncoderTape<float> whole, half;
  encoder.forward(x, packing, whole);
  converted(encoder, heed::Precision::half).forward(x, packing, half);
  EXPECT_LE(difference(half.outputs(), whole.outputs()), 2e-2);
  EXPECT_GT(difference(half.outputs(), whole.outputs()), 1e-6);
}

TYPED_TEST(EncodedCell, ThreadPoolResultsAreBitwiseEqual) {
  const Trial<TypeParam> trial(19);
  const auto expect_same = [&](const auto& encoder) {
    heed::EncoderTape<double> alone, together;
    encoder.forward(trial.x, trial.packing, alone, nullptr, &trial.initial);
    for (const int size : {2, 3}) {
      heed::ThreadPool thread_pool(size);
      for (const bool save : {false, true}) {
        together.save_activations = save;
        encoder.forward(trial.x, trial.packing, together, nullptr, &trial.initial, &thread_pool);
        EXPECT_EQ(together.outputs(), alone.outputs()) << size;
      }
    }
  };
  expect_same(trial.encoder);
  expect_same(prepacked(trial.encoder));
}

TYPED_TEST(EncodedCell, ResultsAreBitwiseEqualInAnyBatch) {
  for (const Index size : {5, 32}) {
    Random random(223);
    heed::Encoder<heed::test::with_scalar<float, TypeParam>> encoder =
        make_encoder<heed::test::with_scalar<float, TypeParam>>(typed::input, size, random);
    const auto packed = prepacked(encoder);
    const Matrix<float> sentence = random_matrix<float>(typed::input, 6, random);
    const auto encode = [&](const auto& with, std::size_t others) {
      std::vector<Matrix<float>> batch;
      for (std::size_t b = 0; b < others; ++b) {
        batch.push_back(random_matrix<float>(typed::input, 6 + static_cast<Index>(random.below(6)), random));
      }
      const auto position = random.below(others + 1);
      batch.insert(batch.begin() + static_cast<std::ptrdiff_t>(position), sentence);
      const heed::PackedBatch packing(lengths(batch));
      heed::EncoderTape<float> tape;
      with.forward(pack(batch, packing), packing, tape);
      return unpack(tape.outputs(), packing, static_cast<Index>(position));
    };
    const Matrix<float> expected = encode(encoder, 1), packed_expected = encode(packed, 1);
    for (const std::size_t others : {1u, 2u, 3u, 7u, 20u}) {
      EXPECT_TRUE(encode(encoder, others) == expected) << size << ", " << others;
      EXPECT_TRUE(encode(packed, others) == packed_expected) << size << ", " << others;
    }
  }
}

}  // namespace cells_in_encoders_test
