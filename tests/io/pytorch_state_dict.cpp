#include <heed/attention/attention.hpp>
#include <heed/attention/monotonic.hpp>
#include <heed/io/pytorch.hpp>

#include <gtest/gtest.h>
#include <support/refusal.hpp>
#include <support/stored.hpp>

namespace pytorch_state_dict_test {

using heed::Matrix;
using heed::SafetensorsWriter;
using heed::Vector;
using heed::test::stored;

struct Toy {
  heed::Embedding<float> words{2, 3};
  heed::AdditiveScorer<float> scorer{2, 2, 2};
  heed::Linear<float> output{2, 3};

  static void visit_parameters(auto&& visit, auto&... self) {
    visit("words", self.words...);
    visit("scorer", self.scorer...);
    visit("output", self.output...);
  }
};

/// Sets the parameters to 1, 2, 3, ... in memory order.
template <class P>
void count_up(P& part) {
  float next = 0;
  heed::for_each_parameter(
      [&](const heed::ParameterName&, auto& x) {
        for (heed::Index i = 0; i < x.size(); ++i) x.data()[i] = next += 1;
      },
      part);
}

template <class P>
void expect_equal(const P& a, const P& b) {
  heed::for_each_parameter(
      [](const heed::ParameterName& name, const auto& x, const auto& y) { EXPECT_EQ(x, y) << name.str(); }, a, b);
}

heed::SafetensorsFile written(const Toy& toy, std::string_view prefix = "") {
  return stored([&](SafetensorsWriter& writer) { heed::to_pytorch(writer, toy, prefix); });
}

std::string without_name(const std::string& message) { return message.substr(message.find(" does not fit")); }

TEST(FromPytorch, RoundTripsToPytorch) {
  Toy toy, back;
  count_up(toy);
  const auto report = heed::from_pytorch(written(toy, "a.b"), back, "a.b");
  expect_equal(back, toy);
  EXPECT_TRUE(report.missing.empty() && report.unexpected.empty());
}

TEST(FromPytorch, ConvertsRowMajorTensors) {
  const auto file = stored([](SafetensorsWriter& writer) {
    writer.add("words.weight", (Matrix<float>(3, 2) << 1, 2, 3, 4, 5, 6).finished());  // one row per word
    writer.add("scorer.W.weight", (Matrix<float>(2, 2) << 1, 2, 3, 4).finished());
    writer.add("scorer.U.weight", (Matrix<float>(2, 2) << 5, 6, 7, 8).finished());
    writer.add("scorer.v.weight", (Matrix<float>(1, 2) << 9, 10).finished());
    writer.add("output.weight", (Matrix<float>(3, 2) << 1, 2, 3, 4, 5, 6).finished());
    writer.add("output.bias", (Vector<float>(3) << 7, 8, 9).finished());
  });
  Toy toy;
  heed::from_pytorch(file, toy);
  EXPECT_EQ(toy.words.table, (Matrix<float>(2, 3) << 1, 3, 5, 2, 4, 6).finished());
  EXPECT_EQ(toy.scorer.W.values(), (Matrix<float>(2, 2) << 1, 2, 3, 4).finished());
  EXPECT_EQ(toy.scorer.v, (Vector<float>(2) << 9, 10).finished());
  EXPECT_EQ(toy.output.W.values(), (Matrix<float>(3, 2) << 1, 2, 3, 4, 5, 6).finished());
}

TEST(FromPytorch, ReportsAllMismatchesAndChangesNothing) {
  const auto file = stored([](SafetensorsWriter& writer) {
    writer.add("words.weight", Matrix<float>::Ones(2, 3));
    writer.add("scorer.W.weight", Matrix<float>::Ones(2, 2));
    writer.add("scorer.U.weight", Matrix<float>::Constant(2, 2, std::numeric_limits<float>::infinity()));
    writer.add("scorer.v", Vector<float>::Ones(2));
    writer.add("output.weight", Matrix<float>::Ones(3, 2));
    writer.add("output.bias", Matrix<float>::Ones(3, 2));
    writer.add("heed.test.input.0", Matrix<float>::Ones(3, 1));
  });
  Toy toy;
  count_up(toy);
  const Toy before = toy;
  EXPECT_EQ(without_name(refusal([&] { heed::from_pytorch(file, toy); })),
            " does not fit the model:\n"
            "  shape: words.weight is (3, 2) in the model, as words.table, and (2, 3) in the file\n"
            "  not finite: scorer.U.weight holds inf at (0, 0)\n"
            "  missing: scorer.v.weight (1, 2), which is scorer.v\n"
            "  shape: output.bias is (3) in the model, as output.b, and (3, 2) in the file\n"
            "  unexpected: \"scorer.v\" (2)");
  expect_equal(toy, before);
}

TEST(FromPytorch, ReportsMissingAndUnexpectedTensorsIfNotStrict) {
  const auto file = stored([](SafetensorsWriter& writer) {
    writer.add("m.output.weight", Matrix<float>::Ones(3, 2));
    writer.add("m.output.bias", Vector<float>::Ones(3));
    writer.add("m.other", Vector<float>::Ones(3));
    writer.add("elsewhere", Vector<float>::Ones(3));
  });
  Toy toy;
  count_up(toy);
  const auto report = heed::from_pytorch(file, toy, "m", {.names = {}, .strict = false});
  EXPECT_EQ(report.missing, (std::vector<std::string>{"m.words.weight", "m.scorer.W.weight", "m.scorer.U.weight",
                                                      "m.scorer.v.weight"}));
  EXPECT_EQ(report.unexpected, std::vector<std::string>{"m.other"});
  EXPECT_EQ(toy.output.W.values(), Matrix<float>::Ones(3, 2));
  EXPECT_EQ(toy.words.table(0, 0), 1);
  EXPECT_EQ(toy.words.table(1, 2), 6);

  heed::Linear<float> other(3, 3);
  EXPECT_NE(refusal([&] {
              heed::from_pytorch(file, other, "m.output", {.names = {}, .strict = false});
            }).find("shape: m.output.weight is (3, 3) in the model, as W, and (3, 2) in the file"),
            std::string::npos);
}

TEST(FromPytorch, ConvertsEveryRealType) {
  const auto expect = [](auto value) {
    using S = decltype(value);
    const auto file = stored([&](SafetensorsWriter& writer) {
      writer.add("weight", Matrix<S>::Constant(1, 1, value));
      writer.add("bias", Vector<S>::Constant(1, value));
    });
    heed::Linear<float> linear(1, 1);
    heed::from_pytorch(file, linear);
    EXPECT_EQ(linear.W(0, 0), 1.5F);
    EXPECT_EQ(linear.b(0), 1.5F);
  };
  expect(1.5);
  expect(1.5F);
  expect(Eigen::half(1.5F));
  expect(Eigen::bfloat16(1.5F));
  const auto large =
      stored([](SafetensorsWriter& writer) { writer.add("weight", Matrix<double>::Constant(1, 1, 1e300)); });
  heed::Linear<float> linear(1, 1, false);
  EXPECT_NE(refusal([&] {
              heed::from_pytorch(large, linear);
            }).find("too large for the model's type: weight holds 1e+300 at (0, 0)"),
            std::string::npos);
}

TEST(FromPytorch, RejectsOtherTypesAndHugeSizes) {
  heed::Linear<float> linear(1, 1, false);
  EXPECT_NE(refusal([&] {
              heed::from_pytorch(stored(R"({"weight":{"dtype":"I64","shape":[1,1],"data_offsets":[0,8]}})", 8), linear);
            }).find("type: weight is I64 in the file; expected F16, BF16, F32 or F64"),
            std::string::npos);
  // A tensor without data whose first size exceeds any memory.
  EXPECT_NE(refusal([&] {
              heed::from_pytorch(
                  stored(R"({"weight":{"dtype":"F32","shape":[1152921504606846976,0],"data_offsets":[0,0]}})", 0),
                  linear);
            }).find("shape: weight is (1, 1) in the model, as W, and (1152921504606846976, 0) in the file"),
            std::string::npos);
}

TEST(FromPytorch, AcceptsOtherShapesOfVectors) {
  const auto file = stored([](SafetensorsWriter& writer) {
    writer.add("W.weight", Matrix<float>::Ones(2, 1));
    writer.add("U.weight", (Vector<float>(2) << 3, 4).finished());
    writer.add("U.bias", (Matrix<float>(1, 2) << 5, 6).finished());
    writer.add("v.weight", (Matrix<float>(2, 1) << 7, 8).finished());
  });
  heed::AdditiveScorer<float> scorer(1, 1, 2, true);
  const auto report = heed::from_pytorch(file, scorer);
  EXPECT_EQ(scorer.U.values(), (Matrix<float>(2, 1) << 3, 4).finished());
  EXPECT_EQ(scorer.b, (Vector<float>(2) << 5, 6).finished());
  EXPECT_EQ(scorer.v, (Vector<float>(2) << 7, 8).finished());
  EXPECT_EQ(report.notes, (std::vector<std::string>{"U.weight is (2) in the file and was read as (2, 1)",
                                                    "v.weight is (2, 1) in the file and was read as (1, 2)",
                                                    "U.bias is (1, 2) in the file and was read as (2)"}));
}

TEST(FromPytorch, AcceptsAVectorForAOneRowMatrixButNotItsTranspose) {
  const auto weight = [](const auto& values) {
    return stored([&](SafetensorsWriter& writer) { writer.add("weight", values); });
  };
  heed::Linear<float> one(2, 1, false);
  EXPECT_EQ(heed::from_pytorch(weight((Vector<float>(2) << 3, 4).finished()), one).notes.size(), 1u);
  EXPECT_EQ(one.W.values(), (Matrix<float>(1, 2) << 3, 4).finished());
  EXPECT_NE(
      refusal([&] { heed::from_pytorch(weight(Matrix<float>::Ones(2, 1)), one); }).find("shape: weight is (1, 2)"),
      std::string::npos);
  EXPECT_NE(refusal([&] { heed::from_pytorch(weight(Vector<float>::Ones(3)), one); }).find("shape: weight is (1, 2)"),
            std::string::npos);
  heed::Linear<float> square(2, 2, false);
  EXPECT_NE(
      refusal([&] { heed::from_pytorch(weight(Vector<float>::Ones(4)), square); }).find("shape: weight is (2, 2)"),
      std::string::npos);
}

/// An additive scorer whose modules have the biases in `names`, with values 1, 2, 4 in the order of the names.
heed::SafetensorsFile scorer_with(const std::vector<std::string>& names) {
  return stored([&](SafetensorsWriter& writer) {
    for (const char* weight : {"a.Wa.weight", "a.Ua.weight"}) writer.add(weight, Matrix<float>::Ones(2, 2));
    writer.add("a.Va.weight", Matrix<float>::Ones(1, 2));
    float value = 1;
    for (const auto& name : names) {
      writer.add(name, Vector<float>(Vector<float>::Constant(name == "a.Va.bias" ? 1 : 2, value)));
      value *= 2;
    }
  });
}

const heed::PytorchNames scorer_names{
    {"scorer.W", "a.Wa.weight"}, {"scorer.U", "a.Ua.weight"}, {"scorer.v", "a.Va.weight"}};

TEST(FromPytorch, AddsBiasesOfAnAdditiveScorer) {
  using Strings = std::vector<std::string>;
  const auto load = [](const Strings& names) {
    heed::Attention<heed::AdditiveScorer<float>> attention{heed::AdditiveScorer<float>(2, 2, 2, true), {}};
    const auto report = heed::from_pytorch(scorer_with(names), attention, "", {.names = scorer_names});
    return std::pair(attention.scorer.b(1), report.notes);
  };
  const std::string added = "a.Wa.bias was added to a.Ua.bias: the model has one bias for the sum, scorer.b";
  const std::string ignored =
      "a.Va.bias was ignored: it adds one value to all scores of a query, and the attention weights do not depend on "
      "it";
  EXPECT_EQ(load({"a.Ua.bias"}), std::pair(1.0F, Strings{}));
  EXPECT_EQ(load({"a.Wa.bias"}), std::pair(1.0F, Strings{added}));
  EXPECT_EQ(load({"a.Ua.bias", "a.Wa.bias"}), std::pair(3.0F, Strings{added}));
  EXPECT_EQ(load({"a.Ua.bias", "a.Wa.bias", "a.Va.bias"}), std::pair(3.0F, Strings{ignored, added}));
  EXPECT_NE(refusal([&] { load({}); }).find("missing: a.Ua.bias (2), which is scorer.b"), std::string::npos);
}

TEST(FromPytorch, IgnoresTheBiasOfAGeneralScorer) {
  const auto file_of = [](heed::Index size) {
    return stored([&](SafetensorsWriter& writer) {
      writer.add("W.weight", Matrix<float>::Ones(2, 3));
      writer.add("W.bias", Vector<float>::Ones(size).eval());
    });
  };
  heed::GeneralScorer<float> general(2, 3);
  const auto report = heed::from_pytorch(file_of(2), general);
  EXPECT_EQ(report.notes, std::vector<std::string>{
                              "W.bias was ignored: it adds one value to all scores of a query, and the attention "
                              "weights do not depend on it"});
  EXPECT_EQ(general.W(1, 2), 1.0F);
  EXPECT_NE(refusal([&] { heed::from_pytorch(file_of(3), general); }).find("W.bias"), std::string::npos);
  heed::MonotonicAttention<heed::GeneralScorer<float>> monotonic{heed::GeneralScorer<float>(2, 3)};
  EXPECT_NE(refusal([&] { heed::from_pytorch(file_of(2), monotonic); }).find("unexpected"), std::string::npos);
}

TEST(FromPytorch, RejectsBiasesThatAScorerCannotHold) {
  const auto message = [](const std::vector<std::string>& names, auto attention) {
    return refusal([&] { heed::from_pytorch(scorer_with(names), attention, "", {.names = scorer_names}); });
  };
  const heed::AdditiveScorer<float> biased(2, 2, 2, true), unbiased(2, 2, 2);
  const heed::Attention<heed::AdditiveScorer<float>> without_b{unbiased, {}};
  EXPECT_EQ(message({"a.Va.bias"}, without_b), "accepted");
  EXPECT_NE(message({"a.Wa.bias"}, without_b).find("unexpected: \"a.Wa.bias\" (2)"), std::string::npos);
  // The stop probabilities of monotonic attention depend on a bias of the scores.
  const heed::MonotonicAttention<heed::AdditiveScorer<float>> monotonic(biased);
  const std::string found = message({"a.Ua.bias", "a.Wa.bias", "a.Va.bias"}, monotonic);
  EXPECT_NE(found.find("unexpected: \"a.Va.bias\" (1)"), std::string::npos) << found;
  EXPECT_EQ(found.find("Wa.bias"), std::string::npos) << found;
}

TEST(FromPytorch, ChecksBiasesOfAScorer) {
  const auto message = [](const std::string& name, const auto& values) {
    const auto file = stored([&](SafetensorsWriter& writer) {
      writer.add("W.weight", Matrix<float>::Ones(2, 2));
      writer.add("U.weight", Matrix<float>::Ones(2, 2));
      writer.add("U.bias", Vector<float>::Ones(2));
      writer.add("v.weight", Matrix<float>::Ones(1, 2));
      writer.add(name, values);
    });
    heed::AdditiveScorer<float> scorer(2, 2, 2, true);
    return refusal([&] { heed::from_pytorch(file, scorer); });
  };
  EXPECT_NE(
      message("W.bias", Vector<float>::Ones(3)).find("shape: W.bias is (2) in the model, as b, and (3) in the file"),
      std::string::npos);
  EXPECT_NE(message("v.bias", Vector<float>::Ones(2))
                .find("shape: v.bias is (1) in the model, as the bias of v, and (2) in the file"),
            std::string::npos);
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_NE(message("W.bias", Vector<float>(Vector<float>::Constant(2, infinity))).find("not finite: U.bias holds inf"),
            std::string::npos);
}

TEST(ToPytorch, WritesAllBiasesOfAScorer) {
  heed::AdditiveScorer<float> scorer(2, 3, 4, true), again = scorer;
  count_up(scorer);
  const auto file =
      stored([&](SafetensorsWriter& writer) { heed::to_pytorch(writer, scorer, "a", {.scorer_biases = true}); });
  EXPECT_EQ(file.tensors().size(), 6u);
  EXPECT_EQ(heed::read_matrix<float>(file.at("a.U.bias")), Matrix<float>(scorer.b));
  EXPECT_EQ(heed::read_matrix<float>(file.at("a.W.bias")), Matrix<float>::Zero(4, 1));
  EXPECT_EQ(heed::read_matrix<float>(file.at("a.v.bias")), Matrix<float>::Zero(1, 1));
  EXPECT_EQ(file.at("a.W.bias").shape, std::vector<std::uint64_t>{4});
  heed::from_pytorch(file, again, "a");
  expect_equal(again, scorer);
}

/// A model with a tied output layer and optional shared embeddings, with the interface of `Seq2Seq`.
struct Tied {
  heed::Embedding<float> target{2, 3};
  heed::Linear<float> output{0, 3};

  bool shares = false;

  bool tied() const { return true; }
  bool shared() const { return shares; }

  static void visit_parameters(auto&& visit, auto&... self) {
    visit("target", self.target...);
    visit("output", self.output...);
  }
};

heed::SafetensorsFile tied_file(bool output, float last) {
  return stored([&](SafetensorsWriter& writer) {
    Matrix<float> table = Matrix<float>::Ones(3, 2);
    writer.add("target.weight", table);
    writer.add("output.bias", Vector<float>::Ones(3));
    table(2, 1) = last;
    if (output) writer.add("output.weight", table);
  });
}

TEST(FromPytorch, AcceptsATiedOutputLayerThatIsEqualOrMissing) {
  Tied model;
  EXPECT_TRUE(heed::from_pytorch(tied_file(false, 1), model).missing.empty());
  EXPECT_EQ(model.target.table, Matrix<float>::Ones(2, 3));
  EXPECT_TRUE(heed::from_pytorch(tied_file(true, 1), model).unexpected.empty());
  EXPECT_NE(
      refusal([&] {
        heed::from_pytorch(tied_file(true, 2), model);
      }).find("tied: output.weight differs from target.weight in the file, but the model has one matrix for both"),
      std::string::npos);
}

TEST(FromPytorch, AcceptsASharedTableThatIsEqualOrMissing) {
  Tied model;
  model.shares = true;
  const auto file = [](const char* name, float last) {
    return stored([&](SafetensorsWriter& writer) {
      Matrix<float> table = Matrix<float>::Ones(3, 2);
      writer.add("target.weight", table);
      writer.add("output.bias", Vector<float>::Ones(3));
      table(2, 1) = last;
      writer.add(name, table);
    });
  };
  EXPECT_TRUE(heed::from_pytorch(tied_file(true, 1), model).missing.empty());
  EXPECT_EQ(model.target.table, Matrix<float>::Ones(2, 3));
  EXPECT_TRUE(heed::from_pytorch(file("source.weight", 1), model).unexpected.empty());
  EXPECT_NE(refusal([&] {
              heed::from_pytorch(file("source.weight", 2), model);
            }).find("tied: source.weight differs from target.weight in the file"),
            std::string::npos);
  EXPECT_NE(refusal([&] {
              Tied tied;
              heed::from_pytorch(file("source.weight", 1), tied);
            }).find("unexpected: \"source.weight\""),
            std::string::npos);
  const heed::PytorchOptions one_name{
      .names = {{"source", "words"}, {"target", "words"}, {"output.W", "words.weight"}}};
  const auto once = stored([](SafetensorsWriter& writer) {
    writer.add("words.weight", Matrix<float>::Constant(3, 2, 4));
    writer.add("output.bias", Vector<float>::Ones(3));
  });
  EXPECT_TRUE(heed::from_pytorch(once, model, "", one_name).missing.empty());
  EXPECT_EQ(model.target.table, Matrix<float>::Constant(2, 3, 4));
  const auto again = stored([&](SafetensorsWriter& writer) { heed::to_pytorch(writer, model, "", one_name); });
  EXPECT_EQ(again.tensors().size(), 2u);
}

}  // namespace pytorch_state_dict_test
