#include <heed/cells/any_cell.hpp>
#include <heed/encoders/encoder.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/oracles.hpp"
#include "support/packed.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace encoder_test {

using heed::AnyCell;
using heed::Dynamic;
using heed::Index;
using heed::Matrix;
using heed::Random;
using Encoder = heed::Encoder<AnyCell<double>>;
using States = heed::EncoderStates<double>;

using Make = AnyCell<double> (*)(Index, Index);
AnyCell<double> rnn(Index input, Index hidden) { return heed::RnnCell<double>(input, hidden); }
AnyCell<double> relu(Index input, Index hidden) {
  return heed::RnnCell<double, Dynamic, Dynamic, heed::Relu>(input, hidden, false);
}
AnyCell<double> lstm(Index input, Index hidden) { return heed::LstmCell<double>(input, hidden); }
AnyCell<double> gru(Index input, Index hidden) { return heed::GruCell<double>(input, hidden); }

constexpr Index input = 3, hidden = 4;

/// A ragged batch of sentences of 2, 4, 1 and 4 tokens, with initial states and the gradients of all results.
struct Trial {
  Random random{151};
  Encoder encoder;
  std::vector<Matrix<double>> sentences;
  heed::PackedBatch packing;
  Matrix<double> x, d_outputs;
  States initial, d_final;
  heed::EncoderTape<double> tape;
  bool drop = false;

  Trial(Make make, Index layers, bool bidirectional, double rate = 0)
      : encoder({.input_size = input,
                 .hidden_size = hidden,
                 .layers = layers,
                 .bidirectional = bidirectional,
                 .dropout = rate},
                make) {
    randomize(encoder, random);
    for (const Index length : {2, 4, 1, 4}) sentences.push_back(random_matrix(input, length, random));
    packing.assign(lengths(sentences));
    x = pack(sentences, packing);
    d_outputs = random_matrix(encoder.output_size(), packing.columns(), random);
    const Index rows = encoder.layers.front().forward.state_size();
    for (Index i = 0; i < layers * encoder.directions(); ++i) {
      initial.emplace_back().assign(random_matrix(rows, 4, random));
      d_final.emplace_back().assign(random_matrix(rows, 4, random));
    }
  }

  void forward() {
    Random masks(157);
    encoder.forward(x, packing, tape, drop ? &masks : nullptr, &initial);
  }

  double loss() {
    forward();
    double sum = tape.outputs().cwiseProduct(d_outputs).sum();
    for (std::size_t i = 0; i < d_final.size(); ++i) sum += tape.final_states[i].cwiseProduct(d_final[i]).sum();
    return sum;
  }

  void backward(Encoder& grad, Matrix<double>& d_x) {
    Random masks(157);
    encoder.backward(x, packing, tape, d_outputs, grad, d_x, drop ? &masks : nullptr, &d_final);
  }

  void expect_gradients() {
    auto grad = heed::zeros_like(encoder);
    Matrix<double> d_x = Matrix<double>::Zero(input, packing.columns());
    forward();
    backward(grad, d_x);
    std::vector<Matrix<double>> d_initial(tape.d_initial_states.begin(), tape.d_initial_states.end());
    const auto current = [&] { return loss(); };
    auto check = heed::check_gradients(encoder, grad, current);
    heed::check_gradient("x", x, d_x, current, check);
    for (std::size_t i = 0; i < initial.size(); ++i) {
      heed::check_gradient("initial", initial[i], d_initial[i], current, check);
    }
    EXPECT_LE(check.error, 1e-6) << check.name << ' ' << check.place << ": " << check.analytic << ", not "
                                 << check.numeric;
  }
};

/// The masks that a sentence keeps for all steps: of the input of every layer above the first, and of h in each layer
/// and direction.
struct KeptMasks {
  std::vector<oracle::Column> inputs, states;
};

/// Encodes one sentence with scalar loops, through all layers and directions. Appends every final state to
/// `final_states`. Masks are applied as in equation 7 of Gal & Ghahramani 2016.
Matrix<oracle::Real> paper_encoder(const Encoder& encoder, const Matrix<double>& x, const States& initial,
                                   Index sentence, std::vector<oracle::Column>& final_states,
                                   const KeptMasks& masks = {}) {
  Matrix<oracle::Real> below = x.cast<oracle::Real>();
  for (std::size_t l = 0; l < encoder.layers.size(); ++l) {
    const auto& layer = encoder.layers[l];
    Matrix<oracle::Real> outputs(encoder.output_size(), x.cols());
    for (Index i = 0; l > 0 && !masks.inputs.empty() && i < below.rows(); ++i) {
      below.row(i) *= masks.inputs[l - 1][oracle::at(i)];
    }
    for (Index d = 0; d < encoder.directions(); ++d) {
      auto s = oracle::column(initial[final_states.size()], sentence);
      for (Index k = 0; k < x.cols(); ++k) {
        const Index t = d == 0 ? k : x.cols() - 1 - k;
        for (Index i = 0; !masks.states.empty() && i < hidden; ++i) {
          s[oracle::at(i)] *= masks.states[final_states.size()][oracle::at(i)];
        }
        s = oracle::step(d == 0 ? layer.forward : *layer.backward, oracle::column(below, t), s);
        for (Index i = 0; i < hidden; ++i) outputs(d * hidden + i, t) = s[oracle::at(i)];
      }
      final_states.push_back(s);
    }
    below = outputs;
  }
  return below;
}

AnyCell<float> float_cell(int kind, Index inputs, Index size) {
  if (kind == 0) return heed::RnnCell<float>(inputs, size);
  if (kind == 1) return heed::LstmCell<float>(inputs, size);
  return heed::GruCell<float>(inputs, size);
}

/// A sentence of 6 tokens, encoded in float in batches with other sentences.
struct MixedBatches {
  Random random{163};
  heed::Encoder<AnyCell<float>> encoder;
  Matrix<float> sentence;
  heed::EncoderTape<float> tape;

  MixedBatches(int kind, Index size)
      : encoder({.input_size = 16, .hidden_size = size, .layers = 2, .bidirectional = true},
                [&](Index in, Index out) { return float_cell(kind, in, out); }) {
    randomize(encoder, random, 0.2);
    sentence = random_matrix<float>(16, 6, random);
  }

  /// The outputs of the sentence in a batch with `others` random sentences of `shortest` to `longest` tokens.
  Matrix<float> outputs(std::size_t others, Index shortest, Index longest) {
    std::vector<Matrix<float>> batch;
    for (std::size_t b = 0; b < others; ++b) {
      const auto more = random.below(static_cast<std::uint64_t>(longest - shortest + 1));
      batch.push_back(random_matrix<float>(16, shortest + static_cast<Index>(more), random));
    }
    const auto position = random.below(others + 1);
    batch.insert(batch.begin() + static_cast<std::ptrdiff_t>(position), sentence);
    const heed::PackedBatch packing(lengths(batch));
    encoder.forward(pack(batch, packing), packing, tape);
    return unpack(tape.outputs(), packing, static_cast<Index>(position));
  }
};

TEST(Encoder, MatchesScalarLoopForEverySentence) {
  for (const Make make : {rnn, relu, lstm, gru}) {
    for (const Index layers : {1, 3}) {
      for (const bool bidirectional : {false, true}) {
        Trial trial(make, layers, bidirectional);
        trial.forward();
        for (Index b = 0; b < 4; ++b) {
          std::vector<oracle::Column> final_states;
          const auto expected =
              paper_encoder(trial.encoder, trial.sentences[oracle::at(b)], trial.initial, b, final_states);
          EXPECT_LE(difference(unpack(trial.tape.outputs(), trial.packing, b), expected), 1e-14);
          ASSERT_EQ(trial.tape.final_states.size(), final_states.size());
          for (std::size_t i = 0; i < final_states.size(); ++i) {
            EXPECT_LE(difference(trial.tape.final_states[i].col(b), oracle::matrix({final_states[i]})), 1e-14);
          }
        }
      }
    }
  }
}

TEST(Encoder, GradientsMatchCentralDifferences) {
  for (const Make make : {rnn, relu, lstm, gru}) {
    for (const bool bidirectional : {false, true}) {
      Trial(make, 1, bidirectional).expect_gradients();
      Trial(make, 2, bidirectional).expect_gradients();
    }
  }
}

TEST(Encoder, GradientsMatchDifferencesWithDropout) {
  Trial trial(gru, 3, true, 0.4);
  trial.drop = true;
  trial.expect_gradients();
}

/// A trial with variational dropout, also of the recurrent state unless `recurrent` is 0.
Trial variational(Make make, Index layers, bool bidirectional, double recurrent) {
  Trial trial(make, layers, bidirectional, 0.4);
  trial.encoder.dropout.per_sentence = true;
  trial.encoder.recurrent = heed::Dropout<double>(recurrent);
  trial.drop = true;
  return trial;
}

TEST(Encoder, MatchesScalarLoopWithVariationalDropout) {
  for (const Make make : {rnn, relu, lstm}) {
    Trial trial = variational(make, 3, true, 0.3);
    trial.forward();
    for (Index p = 0; p < 4; ++p) {
      KeptMasks masks;
      for (std::size_t l = 0; l < 3; ++l) {
        const auto& layer = trial.tape.layers[l];
        for (const auto& direction : layer.directions) masks.states.push_back(oracle::column(direction.mask, p));
        if (l > 0) masks.inputs.push_back(oracle::column(layer.mask, trial.packing.column(0, p)));
      }
      const Index b = trial.packing.sentence(p);
      std::vector<oracle::Column> final_states;
      const auto expected =
          paper_encoder(trial.encoder, trial.sentences[oracle::at(b)], trial.initial, b, final_states, masks);
      EXPECT_LE(difference(unpack(trial.tape.outputs(), trial.packing, b), expected), 1e-14);
    }
    const auto& mask = trial.tape.layers[1].directions[1].mask;
    EXPECT_EQ(((mask.array() == 0) || (mask.array() == 1 / 0.7)).count(), 4 * hidden);
    EXPECT_GT((mask.array() == 0).count(), 0);
    EXPECT_GT((mask.array() != 0).count(), 0);
  }
}

TEST(Encoder, GradientsMatchDifferencesWithVariationalDropout) {
  variational(gru, 3, true, 0).expect_gradients();
  for (const Make make : {rnn, lstm}) variational(make, 2, true, 0.3).expect_gradients();
}

TEST(Encoder, DropsRecurrentStatesOnlyInTraining) {
  Trial trial = variational(lstm, 1, true, 0.3), without(lstm, 1, true);
  trial.forward();
  without.forward();
  EXPECT_GT(difference(trial.tape.outputs(), without.tape.outputs()), 0.01);
  trial.drop = false;
  trial.forward();
  EXPECT_EQ(trial.tape.outputs(), without.tape.outputs());
}

TEST(Encoder, RejectsRecurrentDropoutForGru) {
  Trial trial = variational(gru, 1, true, 0.3);
  EXPECT_EQ(refusal([&] { trial.forward(); }),
            "recurrent dropout needs a cell that uses h only in the product U h: an RNN or an LSTM, not a GRU");
}

TEST(Encoder, AccumulatesGradients) {
  Trial trial(lstm, 2, true);
  auto once = heed::zeros_like(trial.encoder);
  Matrix<double> d_x = Matrix<double>::Zero(input, trial.packing.columns());
  trial.forward();
  trial.backward(once, d_x);
  auto twice = once;
  Matrix<double> d_twice = d_x;
  trial.backward(twice, d_twice);
  heed::scale(once, 2.0);
  EXPECT_LE(part_difference(twice, once), 1e-14);
  EXPECT_LE(difference(d_twice, 2 * d_x), 1e-14);
}

TEST(Encoder, InitialStatesAreZeroByDefault) {
  Trial trial(lstm, 2, true);
  trial.forward();
  const Matrix<double> from_others = trial.tape.outputs();
  trial.encoder.forward(trial.x, trial.packing, trial.tape);
  const Matrix<double> from_zero = trial.tape.outputs();
  EXPECT_GT(difference(from_zero, from_others), 0.01);
  for (auto& state : trial.initial) state.setZero();
  trial.forward();
  EXPECT_EQ(trial.tape.outputs(), from_zero);
}

TEST(Encoder, ContinuesFromFinalStates) {
  Trial trial(lstm, 2, false);
  const Matrix<double> x = trial.sentences[1];
  const heed::PackedBatch whole(std::vector<Index>{4}), half(std::vector<Index>{2});
  trial.encoder.forward(x, whole, trial.tape);
  const Matrix<double> expected = trial.tape.outputs().rightCols(2);
  trial.encoder.forward(x.leftCols(2), half, trial.tape);
  const States states = std::move(trial.tape.final_states);
  trial.encoder.forward(x.rightCols(2), half, trial.tape, nullptr, &states);
  EXPECT_LE(difference(trial.tape.outputs(), expected), 1e-15);
}

TEST(Encoder, BackwardDirectionStartsAtEndOfSentence) {
  Trial trial(gru, 1, true);
  trial.encoder.forward(trial.x, trial.packing, trial.tape);
  for (const std::size_t b : {0u, 1u, 2u, 3u}) {
    const Matrix<double> last = trial.sentences[b].rightCols(1);
    const auto& cell = *trial.encoder.layers[0].backward;
    const auto expected = oracle::step(cell, oracle::column(last, 0), oracle::Column(hidden));
    const auto outputs = unpack(trial.tape.outputs(), trial.packing, static_cast<Index>(b));
    EXPECT_LE(difference(outputs.col(outputs.cols() - 1).tail(hidden), oracle::matrix({expected})), 1e-15);
  }
}

TEST(Encoder, ResultsAreBitwiseEqualInAnyBatch) {
  for (const int kind : {0, 1, 2}) {
    for (const Index size : {5, 32}) {
      MixedBatches trial(kind, size);
      const Matrix<float> expected = trial.outputs(1, 6, 6);
      for (const std::size_t others : {1u, 2u, 3u, 7u, 20u, 40u}) {
        EXPECT_TRUE(trial.outputs(others, 6, 11) == expected) << "cell " << kind << " of " << size << ", " << others;
      }
    }
  }
}

TEST(Encoder, SingleSentenceMatchesBatchWithinRounding) {
  for (const int kind : {0, 1, 2}) {
    for (const Index size : {5, 32}) {
      MixedBatches trial(kind, size);
      const Matrix<float> expected = trial.outputs(1, 6, 6);
      EXPECT_LE(difference(trial.outputs(0, 0, 0), expected), 1e-6);
      // The longest sentence is the only one in the last steps of the batch.
      EXPECT_LE(difference(trial.outputs(20, 1, 5), expected), 1e-6);
    }
  }
}

TEST(Encoder, ThreadPoolResultsAreBitwiseEqual) {
  for (const Make make : {rnn, lstm, gru}) {
    Trial trial(make, 2, true);
    trial.forward();
    const Matrix<double> outputs = trial.tape.outputs();
    for (const int size : {1, 2, 3}) {
      heed::ThreadPool thread_pool(size);
      heed::EncoderTape<double> tape;
      trial.encoder.forward(trial.x, trial.packing, tape, nullptr, &trial.initial, &thread_pool);
      EXPECT_EQ(tape.outputs(), outputs) << size;
      for (std::size_t i = 0; i < tape.final_states.size(); ++i) {
        EXPECT_EQ(tape.final_states[i], trial.tape.final_states[i]) << size;
      }
    }
  }
}

TEST(Encoder, ResultsDoNotDependOnSavedActivations) {
  Random random(163);
  std::vector<Matrix<double>> sentences;
  for (Index b = 0; b < 20; ++b) {
    sentences.push_back(random_matrix(input, 1 + static_cast<Index>(random.below(60)), random));
  }
  const heed::PackedBatch all(lengths(sentences)), one(std::vector<Index>{400});
  for (const heed::PackedBatch& packing : {all, one}) {
    const Matrix<double> x = random_matrix(input, packing.columns(), random);
    for (const Make make : {rnn, lstm, gru}) {
      Encoder encoder({.input_size = input, .hidden_size = 65, .layers = 2, .bidirectional = true}, make);
      randomize(encoder, random);
      for (const bool reversed : {false, true}) {
        encoder.reversed = reversed;
        heed::EncoderTape<double> kept, tape;
        encoder.forward(x, packing, kept);
        tape.save_activations = false;
        for (const int size : {1, 3}) {
          heed::ThreadPool thread_pool(size);
          encoder.forward(x, packing, tape, nullptr, nullptr, &thread_pool);
          EXPECT_EQ(tape.outputs(), kept.outputs());
          for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(tape.final_states[i], kept.final_states[i]);
        }
        for (const std::size_t layer : {0u, 1u}) {
          for (const auto& direction : tape.layers[layer].directions) {
            EXPECT_LT(direction.previous.cols(), packing.columns());
            if (make != static_cast<Make>(rnn)) {  // the saved activations of an RNN fit into the cache as a whole
              EXPECT_LT(direction.saved.cols(), packing.columns());
            }
          }
        }
      }
    }
  }
}

TEST(Encoder, DropsOutOnlyBetweenLayersInTraining) {
  Trial trial(gru, 2, true, 0.4);
  trial.forward();
  const Matrix<double> plain = trial.tape.outputs();
  EXPECT_EQ(trial.tape.layers[1].input, trial.tape.layers[0].outputs);
  trial.drop = true;
  trial.forward();
  const auto& above = trial.tape.layers[1];
  EXPECT_GT(difference(trial.tape.outputs(), plain), 0.01);
  EXPECT_EQ(above.input, trial.tape.layers[0].outputs.cwiseProduct(above.mask));
  EXPECT_GT((above.mask.array() == 0).count(), 0);
  Trial single(gru, 1, true, 0.4), without(gru, 1, true);
  single.drop = true;
  single.forward();
  without.forward();
  EXPECT_EQ(single.tape.outputs(), without.tape.outputs()) << "one layer has no dropout";
}

TEST(Encoder, ReversedMatchesMirroredSentences) {
  for (const bool bidirectional : {false, true}) {
    Trial trial(lstm, 2, bidirectional), mirrored(lstm, 2, bidirectional);
    trial.encoder.reversed = true;
    trial.expect_gradients();
    std::vector<Matrix<double>> sentences;
    for (const auto& sentence : trial.sentences) sentences.push_back(sentence.rowwise().reverse());
    mirrored.x = pack(sentences, mirrored.packing);
    trial.forward();
    mirrored.forward();
    for (Index b = 0; b < 4; ++b) {
      const Matrix<double> outputs = unpack(mirrored.tape.outputs(), mirrored.packing, b).rowwise().reverse();
      EXPECT_EQ(unpack(trial.tape.outputs(), trial.packing, b), outputs);
    }
    for (std::size_t i = 0; i < trial.tape.final_states.size(); ++i) {
      EXPECT_EQ(trial.tape.final_states[i], mirrored.tape.final_states[i]);
    }
  }
}

TEST(Encoder, NamesItsParameters) {
  Encoder encoder({.input_size = input, .hidden_size = hidden, .layers = 2, .bidirectional = true}, gru);
  std::string first, last;
  heed::for_each_parameter(
      [&](const heed::ParameterName& name, auto&) {
        if (first.empty()) first = name.str();
        last = name.str();
      },
      encoder);
  EXPECT_EQ(first, "layers.0.forward.W");
  EXPECT_EQ(last, "layers.1.backward.b_U");
  const Index per_cell = 3 * hidden * (input + hidden + 2), above = 3 * hidden * (2 * hidden + hidden + 2);
  EXPECT_EQ(heed::parameter_count(encoder), 2 * per_cell + 2 * above);
}

TEST(Encoder, RejectsInvalidOptionsInputsAndStates) {
  EXPECT_EQ(
      refusal([] { Encoder({.input_size = input, .hidden_size = hidden, .layers = 0, .bidirectional = true}, gru); }),
      "Encoder: layers must be 1 or more, got 0");
  EXPECT_EQ(refusal([] {
              Encoder({.input_size = input, .hidden_size = hidden, .bidirectional = true, .dropout = -0.5}, gru);
            }),
            "Dropout: the rate must be in [0, 1), got -0.5");
  Trial trial(lstm, 2, true);
  EXPECT_EQ(refusal([&] { trial.encoder.forward(Matrix<double>(5, 11), trial.packing, trial.tape); }),
            "Encoder.forward: x must be 3 x 11, got 5 x 11");
  EXPECT_EQ(refusal([&] { trial.encoder.forward(trial.x.leftCols(9), trial.packing, trial.tape); }),
            "Encoder.forward: x must be 3 x 11, got 3 x 9");
  trial.initial[2].resize(8, 3);
  EXPECT_EQ(refusal([&] { trial.forward(); }), "Encoder.forward: initial must be 8 x 4 (h above c), got 8 x 3");
  trial.initial.pop_back();
  EXPECT_EQ(refusal([&] { trial.forward(); }),
            "Encoder.forward: initial must have 4 states, one per layer and direction, got 3");
}

TEST(Encoder, RejectsInvalidGradientsAndTapes) {
  Trial trial(lstm, 1, true);
  trial.forward();
  auto grad = heed::zeros_like(trial.encoder);
  Matrix<double> d_x = Matrix<double>::Zero(input, 11);
  trial.d_final[1].resize(4, 4);
  EXPECT_EQ(refusal([&] { trial.backward(grad, d_x); }),
            "Encoder.backward: d_final must be 8 x 4 (h above c), got 4 x 4");
  trial.tape.save_activations = false;
  trial.forward();
  trial.tape.save_activations = true;
  EXPECT_EQ(refusal([&] { trial.backward(grad, d_x); }),
            "Encoder.backward: the tape has no saved activations; call forward with save_activations first");
}

TEST(MakeMemory, CopiesOutputsSummariesAndStates) {
  for (const bool bidirectional : {false, true}) {
    Trial trial(lstm, 2, bidirectional);
    trial.forward();
    heed::Memory<double> memory;
    std::vector<Index> scratch;
    heed::make_memory(trial.encoder, trial.packing, trial.tape, scratch, memory);
    EXPECT_EQ(memory.sentences(), 4);
    const std::size_t top = trial.tape.final_states.size() - (bidirectional ? 2 : 1);
    for (Index b = 0; b < 4; ++b) {
      EXPECT_EQ(memory.values_of(b), unpack(trial.tape.outputs(), trial.packing, b));
      EXPECT_EQ(memory.summary.col(b).head(hidden), trial.tape.final_states[top].col(b).head(hidden));
      if (bidirectional) {
        EXPECT_EQ(memory.summary.col(b).tail(hidden), trial.tape.final_states[top + 1].col(b).head(hidden));
      }
    }
    ASSERT_EQ(memory.states.size(), trial.tape.final_states.size());
    for (std::size_t i = 0; i < memory.states.size(); ++i) EXPECT_EQ(memory.states[i], trial.tape.final_states[i]);
  }
}

TEST(MakeMemory, BackwardMatchesCentralDifferences) {
  for (const bool bidirectional : {false, true}) {
    Trial trial(lstm, 2, bidirectional);
    heed::Memory<double> memory, d_memory;
    std::vector<Index> scratch;
    trial.forward();
    heed::make_memory(trial.encoder, trial.packing, trial.tape, scratch, memory);
    d_memory.zeros_like(memory);
    const Matrix<double> d_values = random_matrix(memory.size(), 11, trial.random);
    const Matrix<double> d_summary = random_matrix(memory.size(), 4, trial.random);
    d_memory.values = d_values;
    d_memory.summary = d_summary;
    std::vector<Matrix<double>> d_states;
    for (auto& d : d_memory.states) d = d_states.emplace_back(random_matrix(d.rows(), 4, trial.random));
    heed::Buffer<double> d_outputs;
    heed::make_memory_backward(trial.encoder, trial.packing, d_memory, d_outputs);
    const auto loss = [&] {
      heed::make_memory(trial.encoder, trial.packing, trial.tape, scratch, memory);
      double sum = memory.values.cwiseProduct(d_values).sum() + memory.summary.cwiseProduct(d_summary).sum();
      for (std::size_t i = 0; i < d_states.size(); ++i) sum += memory.states[i].cwiseProduct(d_states[i]).sum();
      return sum;
    };
    heed::GradientCheck check;
    auto& outputs = trial.tape.layers.back().outputs;
    heed::check_gradient("outputs", outputs, d_outputs, loss, check);
    EXPECT_EQ(check.checked, outputs.size());
    for (std::size_t i = 0; i < d_states.size(); ++i) {
      heed::check_gradient("final states", trial.tape.final_states[i], d_memory.states[i], loss, check);
    }
    EXPECT_LE(check.error, 1e-9) << check.name;
  }
}

}  // namespace encoder_test
