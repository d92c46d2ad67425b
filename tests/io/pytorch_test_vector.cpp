#include <heed/io/pytorch_test_vector.hpp>

#include <gtest/gtest.h>
#include <support/refusal.hpp>
#include <support/stored.hpp>

namespace pytorch_test_vector_test {

using heed::Matrix;
using heed::Token;
using heed::test::stored;
using TestVector = heed::PytorchTestVector<float>;

/// A file with one input of the given type and shape, and one output of a single float.
heed::SafetensorsFile with_input(const std::string& dtype, const std::string& shape, std::size_t bytes) {
  return stored(R"({"heed.test.input.0":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":[0,)" +
                    std::to_string(bytes) + R"(]},"heed.test.output.0":{"dtype":"F32","shape":[],"data_offsets":[)" +
                    std::to_string(bytes) + ',' + std::to_string(bytes + 4) + "]}}",
                bytes + 4);
}

TestVector of_two_rows() {
  return TestVector::read(stored([](heed::SafetensorsWriter& writer) {
    writer.add("heed.test.input.0", (Matrix<float>(2, 3) << 1, 2, 3, 4, 5, 6).finished());
    writer.add("heed.test.output.0", (Matrix<float>(2, 2) << 1, 2, 300, 4).finished());
    writer.add("heed.test.output.2", Matrix<float>::Ones(1, 1));  // output 1 is missing, so output 2 is ignored
  }));
}

TEST(PytorchTestVector, HasOneColumnPerItem) {
  const auto test = of_two_rows();
  ASSERT_EQ(test.inputs.size(), 1U);
  ASSERT_EQ(test.outputs.size(), 1U);
  EXPECT_EQ(test.inputs[0], (Matrix<float>(3, 2) << 1, 4, 2, 5, 3, 6).finished());
  const auto shape = [](const std::string& dims, std::size_t bytes) {
    const auto read = TestVector::read(with_input("F32", dims, bytes));
    return std::pair(read.inputs[0].rows(), read.inputs[0].cols());
  };
  EXPECT_EQ(shape("[2,3,4]", 96), std::pair(heed::Index{4}, heed::Index{6}));
  EXPECT_EQ(shape("[5]", 20), std::pair(heed::Index{5}, heed::Index{1}));
  EXPECT_EQ(shape("[]", 4), std::pair(heed::Index{1}, heed::Index{1}));
}

TEST(PytorchTestVector, ChecksTheToleranceAndReportsTheLargestDifference) {
  const auto test = of_two_rows();
  Matrix<float> y = (Matrix<float>(2, 2) << 1, 300, 2, 4).finished();
  EXPECT_NO_THROW(test.expect(0, y));
  y(0, 1) += 0.002F;  // a relative difference of 1 / 150000
  EXPECT_NO_THROW(test.expect(0, y));
  y(0, 0) += 0.25F;
  y(1, 1) -= 0.5F;
  const std::string message = refusal([&] { test.expect(0, y); });
  EXPECT_EQ(message.substr(message.find(": output")),
            ": output 0 of the test vector differs from the result of heed by 0.25, more than 1e-05: in row 0, "
            "column 0 PyTorch has 1, heed has 1.25");
  EXPECT_NO_THROW(test.expect(0, y, 0.3));
  y(1, 0) = std::numeric_limits<float>::quiet_NaN();
  EXPECT_NE(refusal([&] { test.expect(0, y, 1e9); }).find("by inf"), std::string::npos);
  EXPECT_NE(refusal([&] { test.expect(0, y.leftCols(1)); }).find("is 2 x 2, but the result of heed is 2 x 1"),
            std::string::npos);
  EXPECT_NE(refusal([&] { test.expect(1, y); }).find("has 1 outputs, there is no number 1"), std::string::npos);
}

TEST(PytorchTestVector, ReadsTokens) {
  EXPECT_EQ(TestVector::read(with_input("I64", "[3]", 24)).tokens(0), (std::vector<Token>{0, 0, 0}));
  TestVector test{"a", {Matrix<float>::Constant(2, 1, 1.5F), Matrix<float>::Constant(1, 1, -1)}, {}};
  EXPECT_EQ(refusal([&] { test.tokens(0); }), "a: input 0 of the test vector contains 1.5, which is not a token");
  EXPECT_EQ(refusal([&] { test.tokens(1); }), "a: input 1 of the test vector contains -1, which is not a token");
}

TEST(PytorchTestVector, RejectsMissingTestVectorsAndInvalidTensors) {
  const auto without = stored([](heed::SafetensorsWriter& writer) { writer.add("weight", Matrix<float>::Ones(1, 1)); });
  EXPECT_NE(refusal([&] { TestVector::read(without); }).find("there is no tensor heed.test.input.0"),
            std::string::npos);
  EXPECT_NE(refusal([&] { TestVector::read(with_input("F32", "[1152921504606846976,0]", 0)); }).find("is empty"),
            std::string::npos);
  EXPECT_NE(refusal([&] { TestVector::read(with_input("BOOL", "[4]", 4)); }).find("BOOL"), std::string::npos);
}

}  // namespace pytorch_test_vector_test
