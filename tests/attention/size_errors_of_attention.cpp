// Attention mechanisms throw heed::Error in every build type if a size does not fit or a call is missing.
#include <heed/attention/annotations.hpp>
#include <heed/losses/attention_penalty.hpp>

#include "support/mechanisms.hpp"
#include "support/size_errors.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace size_errors_of_attention_test {

using heed::Index;
using heed::Matrix;
using size_errors::argument;
using size_errors::Argument;
using size_errors::expect_errors;

using mechanisms::Predicted;
using mechanisms::Step;

/// The calls of a mechanism, with two queries of two steps over a memory of two sentences. They are virtual functions,
/// so that the tests are compiled once and not once per mechanism.
struct Calls {
  static constexpr Index n = 2, columns = 4;
  const int line;  ///< of the list of mechanisms
  const bool fixed = line == 8, gated = line == 9, saves = line >= 4 && line != 8;
  heed::Memory<double> memory, d_memory;
  std::vector<Index> sentences = {1, 0};
  Matrix<double> queries = Matrix<double>::Zero(3, n), d_queries = queries;
  Matrix<double> all_queries = Matrix<double>::Zero(3, columns);
  heed::Buffer<double> carry;
  heed::AttentionTape<double> tape;

  explicit Calls(int line_of_list) : line(line_of_list) {}
  virtual ~Calls() = default;
  virtual void prepare() = 0;
  virtual void start() = 0;
  virtual void begin() = 0;
  virtual void forward(Index first = 2) = 0;
  virtual void backward() = 0;
  virtual void finish_backward() = 0;
  virtual std::vector<Argument> gradients() = 0;

  void resize_memory() {
    memory.resize(4, std::vector<Index>{7, 3});
    memory.values.setZero();
    memory.summary.setZero();
  }
  void begin_backward() {
    d_memory.zeros_like(memory);
    begin_attention_backward(n, tape);
  }

  std::vector<std::string> names(const std::string& function) const {
    std::vector<std::string> all = mechanisms::names_of(line);
    for (std::string& name : all) name += "." + function;
    return all;
  }
  /// The arguments that forward and backward share.
  std::vector<Argument> common() {
    std::vector<Argument> all = {argument("tape.contexts", tape.contexts, Argument::room)};
    if (fixed) {
      all.push_back(argument("memory.summary", memory.summary));
      return all;
    }
    all.push_back(argument("tape.projected", tape.projected, Argument::room));
    all.push_back(argument("tape.weights", tape.weights, Argument::room));
    all.push_back(argument("tape.carries", tape.carries, Argument::room));
    all.push_back(argument("memory.values", memory.values));
    if (memory.keys.rows() > 0) all.push_back(argument("memory.keys", memory.keys, Argument::optional));
    if (saves) all.push_back(argument("tape.saved", tape.saved, Argument::at_least));
    return all;
  }
};

template <int Line>
struct CallsOf : Calls {
  decltype(mechanisms::make<Line>()) attention = mechanisms::make<Line>(), grad = heed::zeros_like(attention);

  CallsOf() : Calls(Line) {}
  void prepare() override { attention.prepare(memory); }
  void start() override { start_attention(attention, memory, sentences, carry); }
  void begin() override { begin_attention(attention, memory, columns, tape); }
  void forward(Index first) override { attention.forward(queries, memory, sentences, carry, tape, first); }
  void backward() override { attention.backward(memory, sentences, tape, 2, grad, d_queries, d_memory); }
  void finish_backward() override { attention.finish_backward(all_queries, memory, tape, grad, d_memory); }
  std::vector<Argument> gradients() override { return size_errors::parameters(grad); }
};

template <int... Line>
std::unique_ptr<Calls> calls_of(int line, std::integer_sequence<int, Line...>) {
  std::unique_ptr<Calls> made;
  ((line == Line ? void(made = std::make_unique<CallsOf<Line>>()) : void()), ...);
  return made;
}

/// The parameter is a line of the list of mechanisms.
class AttentionSizes : public testing::TestWithParam<int> {
 protected:
  const std::unique_ptr<Calls> calls = calls_of(GetParam(), std::make_integer_sequence<int, mechanisms::count>());

  void SetUp() override {
    calls->resize_memory();
    calls->prepare();
    calls->start();
    calls->begin();
    calls->forward();
    calls->begin_backward();
  }
};

INSTANTIATE_TEST_SUITE_P(Mechanisms, AttentionSizes, testing::Range(0, mechanisms::count));

TEST_P(AttentionSizes, ForwardRejectsWrongSizes) {
  Calls& t = *calls;
  std::vector<Argument> arguments = t.common();
  if (!t.fixed) {
    arguments.push_back(argument("queries", t.queries));
    arguments.push_back(argument("carry", t.carry));
  }
  expect_errors(t.names("forward"), arguments, [&] { t.forward(); });
}

TEST_P(AttentionSizes, BackwardRejectsWrongSizes) {
  Calls& t = *calls;
  std::vector<Argument> arguments = t.common();
  arguments.push_back(argument("d_memory.values", t.d_memory.values));
  arguments.push_back(argument("d_memory.summary", t.d_memory.summary));
  arguments.push_back(argument("tape.d_contexts", t.tape.d_contexts));
  if (!t.fixed) {
    t.tape.d_weights.resize(7, t.columns);
    t.tape.d_weights.setZero();
    arguments.push_back(argument("tape.d_weights", t.tape.d_weights, Argument::optional));
    arguments.push_back(argument("d_queries", t.d_queries));
    arguments.push_back(argument("d_memory.keys", t.d_memory.keys));
    arguments.push_back(argument("tape.d_projected", t.tape.d_projected));
    arguments.push_back(argument("tape.d_carry", t.tape.d_carry, Argument::room));
  }
  expect_errors(t.names("backward"), arguments, [&] { t.backward(); });
  t.d_memory.starts[1] = 6;
  EXPECT_NE(refusal([&] { t.backward(); }).find("d_memory.starts must be those of the memory"), std::string::npos);
}

TEST_P(AttentionSizes, FinishBackwardRejectsWrongSizes) {
  Calls& t = *calls;
  if (t.fixed) return;
  t.backward();
  std::vector<Argument> arguments = {
      argument("queries", t.all_queries), argument("tape.d_projected", t.tape.d_projected),
      argument("memory.values", t.memory.values), argument("d_memory.values", t.d_memory.values),
      argument("d_memory.keys", t.d_memory.keys)};
  if (t.memory.keys.rows() > 0) arguments.push_back(argument("memory.keys", t.memory.keys, Argument::optional));
  if (t.gated) arguments.push_back(argument("tape.projected", t.tape.projected, Argument::room));
  expect_errors(t.names("finish_backward"), arguments, [&] { t.finish_backward(); });
}

TEST_P(AttentionSizes, PrepareRejectsWrongSizes) {
  Calls& t = *calls;
  if (t.fixed) return;
  expect_errors(t.names("prepare"), {argument("memory.values", t.memory.values)}, [&] { t.prepare(); });
}

TEST_P(AttentionSizes, BackwardRejectsGradientOfWrongSize) {
  Calls& t = *calls;
  for (const Argument& x : t.gradients()) {
    if (x.name.rfind("gate", 0) == 0) continue;  // a layer
    for (const auto& [rows, cols] : sizes(x)) {
      x.resize(rows, cols);
      const std::string message = refusal([&] {
        t.begin_backward();
        t.backward();
        t.finish_backward();
      });
      x.resize(x.rows, x.cols);
      EXPECT_NE(message.find("grad." + x.name.substr(x.name.rfind('.') + 1) + " must be"), std::string::npos)
          << x.name << ": " << message;
    }
  }
}

TEST_P(AttentionSizes, RejectsSentenceOutOfRange) {
  Calls& t = *calls;
  for (const Index wrong : {Index{2}, Index{-1}}) {
    t.sentences = {0, wrong};
    const std::string expected = ": there is no sentence " + std::to_string(wrong) + ", the memory has 2";
    const std::string name = t.names("").back();
    EXPECT_EQ(refusal([&] { t.start(); }), "start_attention" + expected);
    EXPECT_EQ(refusal([&] { t.forward(); }), name + "forward" + expected);
    EXPECT_EQ(refusal([&] { t.backward(); }), name + "backward" + expected);
  }
}

TEST_P(AttentionSizes, RejectsMissingCalls) {
  Calls& t = *calls;
  const auto message = [](FunctionRef<> call) {
    const std::string whole = refusal(call);
    const std::size_t advice = whole.find("; call ");
    return advice == std::string::npos ? whole : whole.substr(advice + 2);  // the advice of the message
  };
  const bool keyed = t.memory.keys.rows() > 0;
  t.resize_memory();
  if (keyed) {
    EXPECT_EQ(message([&] { t.forward(); }), "call prepare(memory) first");
    t.prepare();
  }
  if (!t.fixed) {
    t.carry.resize(0, 0);
    EXPECT_EQ(message([&] { t.forward(); }), "call start_attention first");
    t.start();
  }
  t.tape = heed::AttentionTape<double>();
  EXPECT_EQ(message([&] { t.forward(); }), "call begin_attention first");
  t.begin();
  t.forward();
  EXPECT_EQ(message([&] { t.backward(); }), "call begin_attention_backward first");
  begin_attention_backward(t.n, t.tape);
  t.d_memory = heed::Memory<double>();
  EXPECT_EQ(message([&] { t.backward(); }), "call d_memory.zeros_like(memory) first");
}

TEST_P(AttentionSizes, RejectsColumnsBeyondTheTape) {
  Calls& t = *calls;
  for (const Index first : {Index{3}, Index{-1}}) {
    const std::string message = refusal([&] { t.forward(first); });
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
                 argument("weights", weights, Argument::per_column)},
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
  expect_errors({"StepPosition.forward"},
                {argument("queries", queries, Argument::unchanged), argument("carry", carry), argument("saved", saved)},
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
  expect_errors({"coverage_loss"}, {argument("weights", weights), argument("d_weights", d_weights, Argument::optional)},
                [&] { heed::coverage_loss<double>(weights, targets, sources, 1, d_weights); });
  expect_errors({"doubly_stochastic_penalty"},
                {argument("weights", weights), argument("d_weights", d_weights, Argument::optional)},
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
