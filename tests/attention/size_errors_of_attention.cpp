// Attention mechanisms throw heed::Error in every build type if a size does not fit or a call is missing.
#include <heed/attention/annotations.hpp>
#include <heed/losses/attention_penalty.hpp>

#include "support/mechanisms.hpp"
#include "support/wrong_sizes.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <type_traits>
#include <vector>

namespace size_errors_of_attention_test {

using heed::Index;
using heed::Matrix;
using wrong_sizes::argument;
using wrong_sizes::Argument;
using wrong_sizes::expect_errors;
using wrong_sizes::least;
using wrong_sizes::optional;
using wrong_sizes::room;

using mechanisms::Predicted;
using mechanisms::Step;

/// Two queries of two steps over a memory of two sentences.
template <class Line>
class AttentionSizes : public testing::Test {
 protected:
  using Mechanism = decltype(mechanisms::make<Line::value>());
  static constexpr int line = Line::value;
  static constexpr Index n = 2, columns = 4;
  static constexpr bool fixed = line == 8, gated = line == 9, keeps = line >= 4 && line != 8;

  Mechanism attention = mechanisms::make<line>();
  Mechanism grad = heed::zeros_like(attention);
  heed::Memory<double> memory, d_memory;
  std::vector<Index> sentences = {1, 0};
  Matrix<double> queries = Matrix<double>::Zero(3, n), d_queries = queries;
  Matrix<double> all_queries = Matrix<double>::Zero(3, columns);
  heed::Buffer<double> carry;
  heed::AttentionTape<double> tape;

  AttentionSizes() {
    memory.resize(4, std::vector<Index>{7, 3});
    memory.values.setZero();
    memory.summary.setZero();
    attention.prepare(memory);
    start_attention(attention, memory, sentences, carry);
    begin_attention(attention, memory, columns, tape);
    forward();
    begin_backward();
  }

  void forward() { attention.forward(queries, memory, sentences, carry, tape, 2); }
  void begin_backward() {
    d_memory.zeros_like(memory);
    begin_attention_backward(n, tape);
  }
  void backward() { attention.backward(memory, sentences, tape, 2, grad, d_queries, d_memory); }

  std::vector<std::string> names(const std::string& function) const {
    std::vector<std::string> all = mechanisms::names_of(line);
    for (std::string& name : all) name += "." + function;
    return all;
  }
  /// The arguments that forward and backward share.
  std::vector<Argument> common() {
    std::vector<Argument> all = {room("tape.contexts", tape.contexts)};
    if (fixed) {
      all.push_back(argument("memory.summary", memory.summary));
      return all;
    }
    all.push_back(room("tape.projected", tape.projected));
    all.push_back(room("tape.weights", tape.weights));
    all.push_back(room("tape.carries", tape.carries));
    all.push_back(argument("memory.values", memory.values));
    if (memory.keys.rows() > 0) all.push_back(optional("memory.keys", memory.keys));
    if (keeps) all.push_back(least("tape.saved", tape.saved));
    return all;
  }
};

TYPED_TEST_SUITE(AttentionSizes, mechanisms::Lines<>);

TYPED_TEST(AttentionSizes, ForwardRejectsWrongSizes) {
  auto& t = *this;
  std::vector<Argument> arguments = t.common();
  if (!t.fixed) {
    arguments.push_back(argument("queries", t.queries));
    arguments.push_back(argument("carry", t.carry));
  }
  expect_errors(t.names("forward"), arguments, [&] { t.forward(); });
}

TYPED_TEST(AttentionSizes, BackwardRejectsWrongSizes) {
  auto& t = *this;
  std::vector<Argument> arguments = t.common();
  arguments.push_back(argument("d_memory.values", t.d_memory.values));
  arguments.push_back(argument("d_memory.summary", t.d_memory.summary));
  arguments.push_back(argument("tape.d_contexts", t.tape.d_contexts));
  if (!t.fixed) {
    t.tape.d_weights.resize(7, t.columns);
    t.tape.d_weights.setZero();
    arguments.push_back(optional("tape.d_weights", t.tape.d_weights));
    arguments.push_back(argument("d_queries", t.d_queries));
    arguments.push_back(argument("d_memory.keys", t.d_memory.keys));
    arguments.push_back(argument("tape.d_projected", t.tape.d_projected));
    arguments.push_back(room("tape.d_carry", t.tape.d_carry));
  }
  expect_errors(t.names("backward"), arguments, [&] { t.backward(); });
  t.d_memory.starts[1] = 6;
  EXPECT_NE(refusal([&] { t.backward(); }).find("d_memory.starts must be those of the memory"), std::string::npos);
}

TYPED_TEST(AttentionSizes, FinishBackwardRejectsWrongSizes) {
  auto& t = *this;
  if (t.fixed) return;
  t.backward();
  std::vector<Argument> arguments = {
      argument("queries", t.all_queries), argument("tape.d_projected", t.tape.d_projected),
      argument("memory.values", t.memory.values), argument("d_memory.values", t.d_memory.values),
      argument("d_memory.keys", t.d_memory.keys)};
  if (t.memory.keys.rows() > 0) arguments.push_back(optional("memory.keys", t.memory.keys));
  expect_errors(t.names("finish_backward"), arguments,
                [&] { t.attention.finish_backward(t.all_queries, t.memory, t.tape, t.grad, t.d_memory); });
}

TYPED_TEST(AttentionSizes, PrepareRejectsWrongSizes) {
  auto& t = *this;
  if (t.fixed) return;
  expect_errors(t.names("prepare"), {argument("memory.values", t.memory.values)},
                [&] { t.attention.prepare(t.memory); });
}

TYPED_TEST(AttentionSizes, BackwardRejectsGradientOfWrongSize) {
  auto& t = *this;
  for_each_parameter(
      [&](const heed::ParameterName& name, auto& x) {
        using X = std::remove_reference_t<decltype(x)>;
        if constexpr (X::SizeAtCompileTime == heed::Dynamic) {
          if (name.str().rfind("gate", 0) == 0) return;  // a layer
          for (const auto& [rows, cols] : sizes(argument(name.str(), x))) {
            const Matrix<double> correct = x;
            x.setZero(rows, cols);
            const std::string message = refusal([&] {
              t.begin_backward();
              t.backward();
              t.attention.finish_backward(t.all_queries, t.memory, t.tape, t.grad, t.d_memory);
            });
            x = correct;
            EXPECT_NE(message.find("grad." + std::string(name.leaf()) + " must be"), std::string::npos)
                << name.str() << ": " << message;
          }
        }
      },
      t.grad);
}

TYPED_TEST(AttentionSizes, RejectsSentenceOutOfRange) {
  auto& t = *this;
  for (const Index wrong : {Index{2}, Index{-1}}) {
    t.sentences = {0, wrong};
    const std::string expected = ": there is no sentence " + std::to_string(wrong) + ", the memory has 2";
    const std::string name = t.names("").back();
    EXPECT_EQ(refusal([&] { start_attention(t.attention, t.memory, t.sentences, t.carry); }),
              "start_attention" + expected);
    EXPECT_EQ(refusal([&] { t.forward(); }), name + "forward" + expected);
    EXPECT_EQ(refusal([&] { t.backward(); }), name + "backward" + expected);
  }
}

TYPED_TEST(AttentionSizes, RejectsMissingCalls) {
  auto& t = *this;
  const auto message = [&](auto&& call) {
    const std::string whole = refusal(call);
    const std::size_t advice = whole.find("; call ");
    return advice == std::string::npos ? whole : whole.substr(advice + 2);  // the advice of the message
  };
  const bool keyed = t.memory.keys.rows() > 0;
  t.memory.resize(4, std::vector<Index>{7, 3});
  t.memory.values.setZero();
  t.memory.summary.setZero();
  if (keyed) {
    EXPECT_EQ(message([&] { t.forward(); }), "call prepare(memory) first");
    t.attention.prepare(t.memory);
  }
  if (!t.fixed) {
    t.carry.resize(0, 0);
    EXPECT_EQ(message([&] { t.forward(); }), "call start_attention first");
    start_attention(t.attention, t.memory, t.sentences, t.carry);
  }
  t.tape = heed::AttentionTape<double>();
  EXPECT_EQ(message([&] { t.forward(); }), "call begin_attention first");
  begin_attention(t.attention, t.memory, t.columns, t.tape);
  t.forward();
  EXPECT_EQ(message([&] { t.backward(); }), "call begin_attention_backward first");
  begin_attention_backward(t.n, t.tape);
  t.d_memory = heed::Memory<double>();
  EXPECT_EQ(message([&] { t.backward(); }), "call d_memory.zeros_like(memory) first");
}

TYPED_TEST(AttentionSizes, RejectsColumnsBeyondTheTape) {
  auto& t = *this;
  for (const Index first : {Index{3}, Index{-1}}) {
    const std::string message =
        refusal([&] { t.attention.forward(t.queries, t.memory, t.sentences, t.carry, t.tape, first); });
    EXPECT_NE(message.find("room for 2 columns from column " + std::to_string(first)), std::string::npos) << message;
  }
}

TEST(Attention, RejectsMemoryWithoutKeys) {
  const heed::Attention<heed::AdditiveScorer<float>> attention{{4, 6, 5}, {}};
  heed::Memory<float> memory;
  memory.resize(6, std::vector<Index>{3});
  memory.values.setOnes();
  heed::Buffer<float> carry;
  heed::AttentionTape<float> tape;
  const std::vector<Index> sentences{0};
  const auto forward = [&](Index size) {
    return refusal([&] { attention.forward(Matrix<float>::Ones(size, 1), memory, sentences, carry, tape, 0); });
  };
  start_attention(attention, memory, sentences, carry);
  begin_attention(attention, memory, 1, tape);
  EXPECT_EQ(forward(4), "Attention.forward: the memory has no keys; call prepare(memory) first");
  attention.prepare(memory);
  EXPECT_EQ(forward(4), "accepted");
  EXPECT_EQ(forward(5), "Attention.forward: queries must be 4 x 1, got 5 x 1");
}

TEST(Attention, RejectsKeysOfAnotherScorer) {
  const heed::Attention<heed::GeneralScorer<double>> attention{{3, 4}, {}};
  heed::Memory<double> memory;
  memory.resize(4, std::vector<Index>{3});
  memory.keys.resize(5, 3);
  heed::Buffer<double> carry;
  heed::AttentionTape<double> tape;
  const std::vector<Index> sentences{0};
  start_attention(attention, memory, sentences, carry);
  begin_attention(attention, memory, 1, tape);
  EXPECT_EQ(refusal([&] { attention.forward(Matrix<double>::Ones(3, 1), memory, sentences, carry, tape, 0); }),
            "Attention.forward: memory.keys must be 0 x 3, got 5 x 3; call prepare(memory) first");
}

TEST(Attention, RejectsBfloat16MemoryWithoutKeys) {
  const heed::Attention<heed::AdditiveScorer<float>> attention{{4, 6, 5}, {}};
  heed::Memory<float> memory;
  memory.resize(6, std::vector<Index>{3});
  memory.values.setOnes();
  memory.to_bfloat16();
  attention.prepare(memory);
  heed::Buffer<float> carry;
  heed::AttentionTape<float> tape;
  const std::vector<Index> sentences{0};
  start_attention(attention, memory, sentences, carry);
  begin_attention(attention, memory, 1, tape);
  const std::string message =
      refusal([&] { attention.forward(Matrix<float>::Ones(4, 1), memory, sentences, carry, tape, 0); });
  EXPECT_EQ(message, "Attention.forward: memory.bfloat16_keys() must be " + std::to_string(memory.keys.rows()) +
                         " x 3, got 0 x 3; call to_bfloat16() after prepare(memory)");
}

TEST(Attend, RejectsWrongSizes) {
  const heed::AdditiveScorer<double> scorer(3, 4, 5);
  Matrix<double> queries = Matrix<double>::Zero(3, 2), memory = Matrix<double>::Zero(4, 6), context(4, 2),
                 weights(6, 2);
  heed::AttendWorkspace<double> work;
  expect_errors({"attend"},
                {argument("queries", queries), argument("memory", memory), argument("context", context),
                 argument("weights", weights)},
                [&] { heed::attend(scorer, queries, memory, context, weights, work); });
}

TEST(Attend, RejectsScorerWithoutSizes) {
  const heed::AdditiveScorer<float> scorer;
  EXPECT_EQ(refusal([&] { heed::attend(scorer, heed::Vector<float>::Ones(3), Matrix<float>::Ones(3, 4)); }),
            "attend: queries must be 0 x 1, got 3 x 1");
}

TEST(Attend, SupportsUninitializedScorer) {
  const heed::AdditiveScorer<float> scorer(3, 3, 4);
  const auto result = heed::attend(scorer, heed::Vector<float>::Ones(3), Matrix<float>::Ones(3, 4));
  EXPECT_EQ(result.weights, Matrix<float>::Constant(4, 1, 0.25f));
}

TEST(Attend, PropagatesNaN) {
  const heed::DotScorer<float> scorer(3);
  const heed::Vector<float> query = heed::Vector<float>::Constant(3, std::numeric_limits<float>::quiet_NaN());
  EXPECT_TRUE(heed::attend(scorer, query, Matrix<float>::Ones(3, 4)).weights.array().isNaN().all());
}

TEST(StepPosition, RejectsWrongSizes) {
  const Step position;
  Matrix<double> queries = Matrix<double>::Zero(3, 2), carry = Matrix<double>::Zero(1, 2), saved(1, 2);
  const auto length = [](Index) { return Index{4}; };
  expect_errors({"StepPosition.forward"}, {argument("carry", carry), argument("saved", saved)},
                [&] { position.forward(queries, length, carry, saved); });
}

TEST(PredictedPosition, RejectsWrongSizes) {
  const Predicted position(3, 6);
  Predicted grad(3, 6);
  Matrix<double> queries = Matrix<double>::Zero(3, 2), saved = Matrix<double>::Zero(8, 2), carry(0, 2);
  const auto length = [](Index) { return Index{4}; };
  expect_errors({"PredictedPosition.forward"}, {argument("queries", queries), argument("saved", saved)},
                [&] { position.forward(queries, length, carry, saved); });
  expect_errors({"PredictedPosition.backward"},
                {argument("saved", saved), argument("grad.v", grad.v), argument("d_queries", queries)},
                [&] { position.backward(length, saved, grad, queries); });
  expect_errors({"PredictedPosition.accumulate"},
                {argument("queries", queries), argument("saved", saved), argument("grad.W", grad.W)},
                [&] { position.accumulate(queries, saved, grad); });
}

TEST(FixedVector, RejectsMoreQueriesThanSentences) {
  const heed::FixedVector<double> attention;
  heed::Memory<double> memory;
  memory.resize(4, std::vector<Index>{2});
  memory.summary.setZero();
  heed::AttentionTape<double> tape;
  heed::Buffer<double> carry;
  const std::vector<Index> sentences{0};
  start_attention(attention, memory, sentences, carry);
  begin_attention(attention, memory, 1, tape);
  EXPECT_EQ(refusal([&] { attention.forward(Matrix<double>::Zero(3, 2), memory, sentences, carry, tape, 0); }),
            "FixedVector.forward: queries must be 3 x 1, got 3 x 2");
}

TEST(Memory, RejectsSentenceOutOfRange) {
  heed::Memory<double> memory;
  EXPECT_EQ(refusal([&] { memory.start(0); }), "Memory: there is no sentence 0, the memory has 0");
  memory.resize(2, std::vector<Index>{3, 1});
  EXPECT_EQ(memory.start(2), 4);
  EXPECT_EQ(refusal([&] { memory.start(-1); }), "Memory: there is no sentence -1, the memory has 2");
  EXPECT_EQ(refusal([&] { memory.length(2); }), "Memory: there is no sentence 2, the memory has 2");
  EXPECT_EQ(refusal([&] { memory.values_of(3); }), "Memory: there is no sentence 3, the memory has 2");
  memory.values.resize(2, 3);
  EXPECT_EQ(refusal([&] { memory.values_of(1); }),
            "Memory: sentence 1 has columns 3 to 4, but the matrix has 3; call resize(size, lengths) first");
  EXPECT_EQ(refusal([&] { memory.keys_of(1); }), refusal([&] { memory.values_of(1); }));
}

TEST(Buffer, RejectsAssignmentOfWrongSize) {
  heed::Buffer<double> buffer;
  buffer.resize(2, 3);
  EXPECT_EQ(refusal([&] { buffer = Matrix<double>::Zero(2, 4); }), "Buffer.operator=: x must be 2 x 3, got 2 x 4");
  heed::Buffer<double, 3> fixed;
  EXPECT_EQ(refusal([&] { fixed.resize(2, 4); }), "Buffer.resize: the buffer must be 3 x 4, got 2 x 4");
}

TEST(AttentionPenalties, RejectsWrongSizes) {
  const heed::PackedBatch targets(std::vector<Index>{2, 3});
  const std::vector<Index> starts{0, 4, 6};
  const heed::SentenceRanges sources(starts);
  Matrix<double> weights = Matrix<double>::Zero(4, 5), d_weights = weights;
  expect_errors({"coverage_loss"}, {argument("weights", weights), optional("d_weights", d_weights)},
                [&] { heed::coverage_loss<double>(weights, targets, sources, 1, d_weights); });
  expect_errors({"doubly_stochastic_penalty"}, {argument("weights", weights), optional("d_weights", d_weights)},
                [&] { heed::doubly_stochastic_penalty<double>(weights, targets, sources, 1, d_weights); });
  const heed::PackedBatch fewer(std::vector<Index>{5});
  EXPECT_EQ(refusal([&] { heed::coverage_loss<double>(weights, fewer, sources, 1, d_weights); }),
            "coverage_loss: targets must have 2 sentences, as the sources have, got 1");
}

TEST(MakeMemory, RejectsGradientOfWrongSize) {
  heed::Memory<double> d_memory;
  d_memory.resize(2, std::vector<Index>{4, 4});
  d_memory.values.setZero();
  d_memory.summary.setZero();
  heed::Buffer<double> d_maps;
  expect_errors({"make_memory_backward"}, {argument("d_memory.summary", d_memory.summary)},
                [&] { heed::make_memory_backward(d_memory, d_maps); });
  d_memory.values.resize(2, 7);
  EXPECT_EQ(refusal([&] { heed::make_memory_backward(d_memory, d_maps); }),
            "make_memory_backward: memory.values must be 2 x 8, got 2 x 7");
}

}  // namespace size_errors_of_attention_test
