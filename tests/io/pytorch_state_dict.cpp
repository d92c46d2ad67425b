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
    writer.add("output.bias", Matrix<float>::Ones(3, 1));
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
            "  shape: output.bias is (3) in the model, as output.b, and (3, 1) in the file\n"
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

/// A model with a tied output layer, with the interface of `Seq2Seq`.
struct Tied {
  heed::Embedding<float> target{2, 3};
  heed::Linear<float> output{0, 3};

  bool tied() const { return true; }

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

}  // namespace pytorch_state_dict_test
