#include <heed/io/checkpoint.hpp>

#include "support/refusal.hpp"
#include "support/stored.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace safetensors_dtypes_test {

using heed::Dtype;
using heed::test::stored;

/// The header entry of one tensor.
std::string entry(const std::string& name, const std::string& dtype, const std::string& shape, int begin, int end) {
  return '"' + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":[)" +
         std::to_string(begin) + ',' + std::to_string(end) + "]}";
}

struct Vectors {
  heed::Vector<float> b = heed::Vector<float>::Zero(2);
  static void visit_parameters(auto&& visit, auto&... self) { visit("b", self.b...); }
};

TEST(SafetensorsDtypes, ReadsOtherTensorsDespiteUnknownDtypes) {
  for (const std::string dtype : {"F8_E8M0", "F8_E4M3FNUZ", "F4", "F6_E2M3", "F6_E3M2", "f32", "", "C128"}) {
    const auto file =
        stored('{' + entry("scale", dtype, "[3,5]", 8, 15) + ',' + entry("b", "F32", "[2]", 0, 8) + '}', 15);
    EXPECT_EQ(file.at("scale").dtype, Dtype::other);
    EXPECT_EQ(file.at("scale").other_dtype, dtype);
    EXPECT_EQ(file.at("scale").data.size(), 7U);
    EXPECT_EQ(file.at("scale").shape, (std::vector<std::uint64_t>{3, 5}));
    EXPECT_EQ(heed::read_matrix<float>(file.at("b")), (heed::Matrix<float>::Zero(2, 1)));
    EXPECT_EQ(refusal([&] { heed::read_matrix<float>(file.at("scale")); }),
              "tensor \"scale\" has dtype \"" + dtype + "\"; expected F16, BF16, F32 or F64");
  }
}

TEST(SafetensorsDtypes, RejectsKnownDtypesThatAreNotFloatingPoint) {
  for (const std::string dtype : {"BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2"}) {
    const auto file = stored('{' + entry("x", dtype, "[2,2]", 0, 4) + '}', 4);
    EXPECT_EQ(refusal([&] { heed::read_matrix<float>(file.at("x")); }),
              "tensor \"x\" has dtype " + dtype + "; expected F16, BF16, F32 or F64");
  }
}

TEST(SafetensorsDtypes, DoesNotAllocateForTheShapeOfAnUnknownDtype) {
  const auto file = stored('{' + entry("x", "F4", "[4611686018427387904,2]", 0, 1) + '}', 1);
  EXPECT_EQ(refusal([&] { heed::read_matrix<float>(file.at("x")); }),
            "tensor \"x\" has dtype \"F4\"; expected F16, BF16, F32 or F64");
}

TEST(SafetensorsDtypes, ChecksTheOffsetsOfUnknownDtypes) {
  const auto error_of = [](const std::string& json, std::size_t bytes) {
    return refusal([&] { stored(json, bytes); });
  };
  const auto contains = [](const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  };
  EXPECT_PRED2(contains, error_of('{' + entry("x", "F4", "[4]", 0, 2) + '}', 1),
               "tensor \"x\" of \"F4\" (4) at bytes [0, 2) ends after the data");
  EXPECT_PRED2(contains, error_of('{' + entry("x", "F4", "[4]", 1, 2) + '}', 2), "should begin at byte 0");
  EXPECT_PRED2(contains, error_of('{' + entry("x", "F4", "[4]", 2, 0) + '}', 2), "ends before it begins");
  EXPECT_PRED2(contains, error_of('{' + entry("x", "F4", "[4]", 0, 2) + '}', 3), "has 1 extra bytes");
  EXPECT_PRED2(contains, error_of('{' + entry("x", "F4", "[4]", 0, 2) + ',' + entry("y", "U8", "[2]", 1, 3) + '}', 3),
               "tensor \"y\" of U8 (2) at bytes [1, 3) should begin at byte 2");
}

TEST(SafetensorsDtypes, NamesAnUnknownDtypeOfAParameter) {
  const auto file = stored('{' + entry("b", "F8_E8M0", "[2]", 0, 2) + '}', 2);
  Vectors part;
  EXPECT_NE(refusal([&] {
              heed::load_parameters(file, part);
            }).find("type: b is F32 in the model and \"F8_E8M0\" in the file"),
            std::string::npos);
}

TEST(SafetensorsDtypes, EscapesTheNameOfAnUnknownDtype) {
  const auto file = stored('{' + entry("x", R"(\u009b2J\u202e)", "[1]", 0, 1) + '}', 1);
  EXPECT_EQ(refusal([&] { heed::read_matrix<float>(file.at("x")); }),
            "tensor \"x\" has dtype \"<U+009B>2J<U+202E>\"; expected F16, BF16, F32 or F64");
}

TEST(SafetensorsMetadata, NullMeansNone) {
  const auto file = stored(R"({"__metadata__":null,)" + entry("x", "U8", "[1]", 0, 1) + '}', 1);
  EXPECT_TRUE(file.metadata().empty());
  EXPECT_EQ(file.tensors().size(), 1U);
  EXPECT_NE(refusal([] { stored(R"({"__metadata__":null,"__metadata__":{}})", 0); }), "accepted");
  EXPECT_NE(refusal([] { stored(R"({"__metadata__":{"a":null}})", 0); }), "accepted");
  EXPECT_NE(refusal([] { stored(R"({"x":null})", 0); }), "accepted");
}

}  // namespace safetensors_dtypes_test
