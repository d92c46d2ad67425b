#include <heed/io/safetensors_reader.hpp>

#include "support/refusal.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

namespace safetensors_reader_test {

namespace fs = std::filesystem;

const fs::path fixtures = fs::path(HEED_FIXTURES) / "safetensors";

std::string little_endian(std::uint64_t value) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
  return bytes;
}

std::string file_of(const std::string& json, const std::string& data = "") {
  return little_endian(json.size()) + json + data;
}

heed::SafetensorsFile parse(const std::string& bytes) {
  return heed::SafetensorsFile::parse(std::as_bytes(std::span(bytes)), "f");
}

std::string error_of(const std::string& bytes) {
  return refusal([&] { parse(bytes); });
}

/// The header of a file with one tensor.
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"x":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

#define EXPECT_ERROR(bytes, part) EXPECT_PRED2(mentions, error_of(bytes), part)

TEST(SafetensorsFile, ReadsAFileOfTheOfficialLibrary) {
  const auto file = heed::SafetensorsFile::read(fixtures / "kinds.safetensors");
  EXPECT_EQ(file.metadata().at("format"), "np");
  EXPECT_EQ(file.tensors().size(), 9U);
  const heed::Matrix<double> grid{{0, 1, 2}, {3, 4, 5}};
  EXPECT_EQ(heed::read_matrix<double>(file.at("f64")), grid / 3);
  EXPECT_EQ(heed::read_matrix<float>(file.at("f32")), heed::Matrix<float>(grid.cast<float>() / 3.0F));
  EXPECT_EQ(heed::read_matrix<double>(file.at("f16")), grid / 4);
  EXPECT_EQ(heed::read_matrix<float>(file.at("vector")), (heed::Matrix<float>{{1.5F}, {-2.5F}}));
  EXPECT_EQ(heed::read_matrix<double>(file.at("scalar")), (heed::Matrix<double>{{7.25}}));
  EXPECT_EQ(heed::read_matrix<double>(file.at("empty")).rows(), 0);
  EXPECT_EQ(heed::read_matrix<double>(file.at("empty")).cols(), 4);
  EXPECT_EQ(file.at("i64").dtype, heed::Dtype::i64);
  EXPECT_EQ(file.at("bool").dtype, heed::Dtype::boolean);
  EXPECT_EQ(file.at("bool").data.size(), 3U);
  EXPECT_EQ(file.at("cube").name, "cube");
}

TEST(SafetensorsFile, StaysValidWhenMoved) {
  auto file = parse(file_of(one("F32", "[1]", "[0,4]"), std::string("\0\0\x80\x3f", 4)));
  const auto moved = std::move(file);
  EXPECT_EQ(heed::read_matrix<float>(moved.at("x"))(0, 0), 1.0F);
}

TEST(SafetensorsFile, AcceptsAFileWithoutTensorsAndPadding) {
  EXPECT_TRUE(parse(file_of("{}")).tensors().empty());
  EXPECT_TRUE(parse(file_of("{}      ")).tensors().empty());
  EXPECT_TRUE(parse(file_of(R"({"__metadata__":{}})")).metadata().empty());
}

TEST(SafetensorsFile, AcceptsWhiteSpaceAndPreservesStrings) {
  const auto file = parse(file_of("{\n\t\"__metadata__\" :\r\n{ \"a \\\" \\t\" : \"b\\\\\" ,\n\"c\":\" \" }\n}\t\r\n"));
  EXPECT_EQ(file.metadata().at("a \" \t"), "b\\");
  EXPECT_EQ(file.metadata().at("c"), " ");
}

TEST(SafetensorsFile, AcceptsScalarsAndSizesOfZero) {
  EXPECT_EQ(parse(file_of(one("U8", "[]", "[0,1]"), "a")).at("x").shape.size(), 0U);
  EXPECT_EQ(parse(file_of(one("F32", "[0,2305843009213693952]", "[0,0]"))).at("x").data.size(), 0U);
  const auto file = parse(file_of(
      R"({"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"U8","shape":[0],"data_offsets":[2,2]},)"
      R"("c":{"dtype":"U8","shape":[1],"data_offsets":[2,3]},"0":{"dtype":"U8","shape":[3,0],"data_offsets":[0,0]}})",
      "abc"));
  EXPECT_EQ(file.tensors().size(), 4U);
}

/// A malformed file, and the expected beginning of the error message after the file name.
struct Hostile {
  std::string name, bytes, problem;
};

void PrintTo(const Hostile& hostile, std::ostream* out) { *out << hostile.name; }

std::vector<Hostile> hostile_files() {
  const auto two = [](const std::string& first, const std::string& second) {
    return R"({"a":{"dtype":"U8","shape":[2],"data_offsets":)" + first +
           R"(},"b":{"dtype":"U8","shape":[2],"data_offsets":)" + second + "}}";
  };
  const std::string entry = R"("1234567":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)";
  const std::string entries = std::to_string(10'000'000 * entry.size());
  return {
      {"EmptyFile", "", "has 0 bytes; a safetensors file has at least 8"},
      {"LengthCutShort", "1234567", "has 7 bytes; a safetensors file has at least 8"},
      {"LengthOnly", little_endian(2), "has a header of 2 bytes, but only 0 follow (is the file truncated?)"},
      {"HugeLength", little_endian(UINT64_MAX) + "{}",
       "has a header of 18446744073709551615 bytes; at most 100000000 are allowed"},
      {"LengthThatWraps", little_endian(UINT64_MAX - 7) + "{}",
       "has a header of 18446744073709551608 bytes; at most 100000000 are allowed"},
      {"TenMillionEntries", little_endian(10'000'000 * entry.size()) + '{' + entry,
       "has a header of " + entries + " bytes; at most 100000000 are allowed"},
      {"HeaderOfABrace", file_of("{"), "the header is not valid JSON at its byte 2: "},
      {"HeaderThatIsNoObject", file_of("[]"), "the header does not begin with '{'"},
      {"InvalidUtf8", file_of("{\"\xff\":{}}"), "the header is not valid JSON at its byte 3: "},
      {"DeepNesting", file_of("{\"a\":" + std::string(1'000'000, '[')),
       "the header, at \"a\": expected an object but found an array"},
      {"DuplicateNames", file_of(R"({"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"x":{}})"),
       "the header, at \"x\": two tensors have this name"},
      {"MetadataThatIsNoString", file_of(R"({"__metadata__":{"k":1}})"),
       "the header, at \"__metadata__\": expected strings only but found the number 1"},
      {"NegativeSize", file_of(one("U8", "[-1]", "[0,1]"), "a"),
       "the header, at \"x\": expected non-negative integers in \"shape\" but found the negative number -1"},
      {"FractionalSize", file_of(one("U8", "[1.0]", "[0,1]"), "a"),
       "the header, at \"x\": expected non-negative integers in \"shape\" but found a number that is not an integer "
       "below 2^64, \"1.0\""},
      {"NegativeOffset", file_of(one("U8", "[1]", "[-1,1]"), "a"),
       "the header, at \"x\": expected two non-negative integers in \"data_offsets\", begin and end, but found the "
       "negative number -1"},
      {"OneOffset", file_of(one("U8", "[1]", "[1]"), "a"),
       "the header, at \"x\": \"data_offsets\" has 1 numbers; expected 2, begin and end"},
      {"EndBeforeBegin", file_of(one("U8", "[1]", "[1,0]"), "a"),
       "tensor \"x\" of U8 (1) at bytes [1, 0) ends before it begins"},
      {"FirstTensorAfterAGap", file_of(one("U8", "[1]", "[1,2]"), "ab"),
       "tensor \"x\" of U8 (1) at bytes [1, 2) should begin at byte 0"},
      {"OverlappingTensors", file_of(two("[0,2]", "[1,3]"), "abc"),
       "tensor \"b\" of U8 (2) at bytes [1, 3) should begin at byte 2"},
      {"GapBetweenTensors", file_of(two("[0,2]", "[3,5]"), "abcde"),
       "tensor \"b\" of U8 (2) at bytes [3, 5) should begin at byte 2"},
      {"TwoBytesMissing", file_of(one("F32", "[1]", "[0,4]"), "12"),
       "tensor \"x\" of F32 (1) at bytes [0, 4) ends after the data, which has 2 bytes (is the file truncated?)"},
      {"TrailingBytes", file_of(one("F32", "[1]", "[0,4]"), "12345"), "has 1 extra bytes after its last tensor"},
      {"RangeThatIsNotTheShape", file_of(one("F32", "[2]", "[0,4]"), "1234"),
       "tensor \"x\" of F32 (2) at bytes [0, 4) should have 8 bytes according to its shape"},
      {"ShapeThatOverflows", file_of(one("F32", "[2,18446744073709551614]", "[0,4]"), "1234"),
       "tensor \"x\" of F32 (2, 18446744073709551614) at bytes [0, 4) has a shape that is too large"},
      {"ShapeThatWrapsToNothing", file_of(one("F32", "[4294967296,4294967296]", "[0,0]")),
       "tensor \"x\" of F32 (4294967296, 4294967296) at bytes [0, 0) has a shape that is too large"},
  };
}

class HostileSafetensors : public testing::TestWithParam<Hostile> {};

TEST_P(HostileSafetensors, IsRejectedWithTheFileNameAndTheReason) {
  const heed::test::TemporaryFolder temporary;
  const fs::path path = temporary.path() / "h.safetensors";
  std::ofstream(path, std::ios::binary) << GetParam().bytes;
  const std::string expected = path.string() + ": " + GetParam().problem;
  EXPECT_EQ(refusal([&] { heed::SafetensorsFile::read(path); }).substr(0, expected.size()), expected);
}

INSTANTIATE_TEST_SUITE_P(File, HostileSafetensors, testing::ValuesIn(hostile_files()),
                         [](const auto& tested) { return tested.param.name; });

TEST(SafetensorsFile, RejectsTruncatedHeader) {
  EXPECT_ERROR(little_endian(0), "does not begin with '{'");
  EXPECT_ERROR(little_endian(2) + "{", "only 1 follow");
  EXPECT_ERROR(little_endian(100'000'001) + "{}", "has a header of 100000001 bytes; at most 100000000");
}

TEST(SafetensorsFile, RejectsInvalidJson) {
  for (const std::string json :
       {"{", "{]", "{} x", "{},", "{\"a\"", "{'a':1}", "{/**/}", "{\"a\":NaN}", "{\"\\ud800\":1}", "{\"\xff\":{}}",
        "{\"\xc0\x80\":{}}", "{\"\xed\xa0\x80\":{}}", "{}\xff", "{\"a\nb\":{}}", "{\"a\\\"\nb\":{}}"}) {
    EXPECT_ERROR(file_of(json), "the header is not valid JSON at its byte") << json;
  }
  for (const std::string json : {" {}", "\xef\xbb\xbf{}", "[]", "1", "null"}) {
    EXPECT_ERROR(file_of(json), "does not begin with '{'") << json;
  }
  EXPECT_ERROR(file_of("{\"a\""), "unexpected end of input; expected ':'");
  EXPECT_ERROR(file_of(std::string("{}\0", 3)), "zero byte at its byte 2");
  EXPECT_ERROR(file_of(std::string("{}\0,\"evil\"", 10)), "zero byte at its byte 2");
}

TEST(SafetensorsFile, TruncatesHostileTextInMessages) {
  const std::string message = error_of(file_of("{\"" + std::string(1'000'000, 'a') + "\x1b[2J"));
  EXPECT_LT(message.size(), 300U);
  EXPECT_PRED2(mentions, message, "invalid string: control character U+001B");
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
  EXPECT_ERROR(file_of("{\"\\u001b[2J" + std::string(1'000, 'b') + "\":3}"), "at \"<0x1b>[2J");
}

TEST(SafetensorsFile, RejectsDeepNesting) {
  std::string objects = "{";
  for (int i = 0; i < 100'000; ++i) objects += "\"a\":{";
  EXPECT_ERROR(file_of(objects), "the field \"a\" is not known");
  EXPECT_ERROR(file_of(one("F32", "[[1]]", "[0,4]"), "1234"), "but found an array");
  EXPECT_ERROR(file_of(R"({"__metadata__":{"a":{}}})"),
               "at \"__metadata__\": expected strings only but found an object");
}

TEST(SafetensorsFile, RejectsDuplicates) {
  EXPECT_ERROR(file_of(R"({"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\u0078":{}})"), "two tensors");
  EXPECT_ERROR(file_of(R"({"__metadata__":{"k":"a","k":"b"}})"), "the key \"k\" occurs twice");
  EXPECT_ERROR(file_of(R"({"__metadata__":{},"__metadata__":{}})"), "it occurs twice");
  EXPECT_ERROR(file_of(R"({"x":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}})"),
               "the field \"dtype\" occurs twice");
}

TEST(SafetensorsFile, RejectsMissingUnknownAndMistypedFields) {
  EXPECT_ERROR(file_of(R"({"x":{"shape":[0],"data_offsets":[0,0]}})"), "the field \"dtype\" is missing");
  EXPECT_ERROR(file_of(R"({"x":{"dtype":"U8","data_offsets":[0,0]}})"), "the field \"shape\" is missing");
  EXPECT_ERROR(file_of(R"({"x":{"dtype":"U8","shape":[0]}})"), "the field \"data_offsets\" is missing");
  EXPECT_ERROR(file_of(R"({"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"y":1}})"),
               "the field \"y\" is not known");
  EXPECT_ERROR(file_of(R"({"x":3})"), "at \"x\": expected an object but found the number 3");
  EXPECT_ERROR(file_of(R"({"x":null})"), "expected an object but found null");
  EXPECT_ERROR(file_of(R"({"x":{"dtype":4}})"), "expected a string for \"dtype\" but found the number 4");
  EXPECT_ERROR(file_of(R"({"x":{"shape":"a"}})"), "expected an array for \"shape\" but found the string \"a\"");
  EXPECT_ERROR(file_of(R"({"x":{"data_offsets":true}})"), "expected an array for \"data_offsets\" but found true");
  EXPECT_ERROR(file_of(R"({"__metadata__":"k"})"), "expected an object but found the string \"k\"");
}

TEST(SafetensorsFile, RejectsInvalidSizes) {
  EXPECT_ERROR(file_of(one("U8", "[1e0]", "[0,1]"), "a"), "\"1e0\"");
  EXPECT_ERROR(file_of(one("U8", "[18446744073709551616]", "[0,1]"), "a"), "\"18446744073709551616\"");
  EXPECT_ERROR(file_of(one("U8", "[1e999]", "[0,1]"), "a"), "not valid JSON");
  EXPECT_ERROR(file_of(one("U8", "[\"1\"]", "[0,1]"), "a"), "the string \"1\"");
  EXPECT_ERROR(file_of(one("U8", "[1]", "[-0,1]"), "a"), "\"data_offsets\", begin and end, but found the negative");
  EXPECT_ERROR(file_of(one("U8", "[1]", "[0,1.5]"), "a"), "\"1.5\"");
}

TEST(SafetensorsFile, RejectsAWrongNumberOfOffsets) {
  EXPECT_ERROR(file_of(one("U8", "[1]", "[]"), "a"), "\"data_offsets\" has 0 numbers; expected 2");
  EXPECT_ERROR(file_of(one("U8", "[1]", "[0,1,1]"), "a"), "but found the number 1");
}

TEST(SafetensorsFile, RejectsRangesThatDoNotCoverTheData) {
  EXPECT_ERROR(file_of(one("U8", "[3]", "[0,3]"), "a"), "ends after the data, which has 1 bytes");
  EXPECT_ERROR(file_of(one("U8", "[1]", "[0,1]"), "abc"), "has 2 extra bytes after its last tensor");
  EXPECT_ERROR(file_of("{}", "a"), "has 1 extra bytes");
  const auto two = [](const std::string& first, const std::string& second) {
    return file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":)" + first +
                       R"(},"b":{"dtype":"U8","shape":[2],"data_offsets":)" + second + "}}",
                   "abcd");
  };
  EXPECT_EQ(error_of(two("[2,4]", "[0,2]")), "accepted");
  EXPECT_ERROR(two("[0,2]", "[0,2]"), "tensor \"b\" of U8 (2) at bytes [0, 2) should begin at byte 2");
  EXPECT_ERROR(two("[0,2]", "[3,5]"), "should begin at byte 2");
  EXPECT_ERROR(two("[0,2]", "[2,18446744073709551615]"), "ends after the data");
}

TEST(SafetensorsFile, RejectsShapesThatDoNotMatchTheirRange) {
  EXPECT_ERROR(file_of(one("F32", "[0]", "[0,4]"), "abcd"), "should have 0 bytes");
  EXPECT_ERROR(file_of(one("F64", "[2305843009213693952]", "[0,0]")), "a shape that is too large");
  EXPECT_ERROR(file_of(one("F32", "[0,4294967296,4294967296]", "[0,0]")), "a shape that is too large");
}

TEST(SafetensorsFile, RejectsEveryShorterAndLongerFile) {
  const std::string whole = file_of(one("F32", "[2]", "[0,8]"), "abcdefgh");
  ASSERT_EQ(error_of(whole), "accepted");
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(error_of(whole.substr(0, size)), "accepted") << size;
  EXPECT_NE(error_of(whole + "i"), "accepted");
}

TEST(SafetensorsFile, SurvivesEveryByteChangeInTheHeader) {
  const std::string whole = file_of(one("F32", "[2,1]", "[0,8]"), "abcdefgh");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = whole;
      changed[at] = static_cast<char>(static_cast<unsigned char>(value));
      try {
        const auto file = parse(changed);
        for (const auto& [name, tensor] : file.tensors()) {
          if (tensor.dtype == heed::Dtype::f32 && tensor.shape.size() <= 2) {
            EXPECT_EQ(heed::read_matrix<float>(tensor).size(), 2);
          }
        }
      } catch (const heed::Error&) {
      }
    }
  }
}

TEST(SafetensorsFile, ReadsMillionsOfEntries) {
  std::string json = "{\"__metadata__\":{\"0\":\"\"";
  constexpr int entries = 1'000'000;
  for (int i = 1; i < entries; ++i) json += ",\"" + std::to_string(i) + "\":\"\"";
  EXPECT_EQ(parse(file_of(json + "}}")).metadata().size(), static_cast<std::size_t>(entries));
  std::string shape = "[0";
  for (int i = 0; i < 10'000'000; ++i) shape += ",1";
  EXPECT_EQ(parse(file_of(one("F32", shape + "]", "[0,0]"))).at("x").shape.size(), 10'000'001U);
  EXPECT_LT(error_of(file_of(one("F32", shape + "]", "[0,1]"), "a")).size(), 300U);
}

TEST(SafetensorsFile, ReportsUnreadableFiles) {
  const auto message = [](const fs::path& path) -> std::string {
    try {
      heed::SafetensorsFile::read(path);
    } catch (const heed::Error& error) {
      return error.what();
    }
    return "accepted";
  };
  const heed::test::TemporaryFolder temporary;
  const fs::path& folder = temporary.path();
  EXPECT_EQ(message(folder / "no_such_file"),
            "cannot read " + (folder / "no_such_file").string() + ": there is no such file");
  EXPECT_PRED2(mentions, message(folder), "it is a folder");
  EXPECT_PRED2(mentions, message("/dev/zero"), "/dev/zero");
  const fs::path path = folder / "heed_short.safetensors";
  std::ofstream(path) << "abc";
  EXPECT_EQ(message(path), path.string() + ": has 3 bytes; a safetensors file has at least 8");
}

TEST(ReadMatrix, RejectsOtherDtypesAndShapes) {
  const auto file = heed::SafetensorsFile::read(fixtures / "kinds.safetensors");
  const auto message = [&](const std::string& name) -> std::string {
    try {
      heed::read_matrix<float>(file.at(name));
    } catch (const heed::Error& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message("i64"), "tensor \"i64\" has dtype I64; expected F16, BF16, F32 or F64");
  EXPECT_PRED2(mentions, message("bool"), "has dtype BOOL");
  EXPECT_PRED2(mentions, message("cube"), "has shape (2, 2, 2); expected at most two dimensions");
  EXPECT_PRED2(mentions, message("none"), "there is no tensor \"none\"");
}

TEST(ReadMatrix, ReadsSixteenBitValues) {
  const auto brain = parse(file_of(one("BF16", "[2]", "[0,4]"), "\xc0\x3f\x20\xc0"));  // 0x3fc0 = 1.5, 0xc020 = -2.5
  EXPECT_EQ(heed::read_matrix<double>(brain.at("x")), (heed::Matrix<double>{{1.5}, {-2.5}}));
  const auto half = parse(file_of(one("F16", "[1,2]", "[0,4]"), std::string("\x00\x3e\x00\xc1", 4)));
  EXPECT_EQ(heed::read_matrix<float>(half.at("x")), (heed::Matrix<float>{{1.5F, -2.5F}}));
  EXPECT_EQ(heed::read_matrix<Eigen::half>(half.at("x"))(0, 1), Eigen::half(-2.5F));
}

TEST(ReadMatrix, RejectsOverflowToInfinity) {
  const std::string huge("\x9c\x75\x00\x88\x3c\xe4\x37\x7e", 8);  // about 1e300
  const auto file = parse(file_of(one("F64", "[1]", "[0,8]"), huge));
  EXPECT_GT(heed::read_matrix<double>(file.at("x"))(0, 0), 9e299);
  EXPECT_THROW(heed::read_matrix<float>(file.at("x")), heed::Error);
  const auto infinite = parse(file_of(one("F64", "[1]", "[0,8]"), std::string("\0\0\0\0\0\0\xf0\x7f", 8)));
  EXPECT_TRUE(std::isinf(heed::read_matrix<float>(infinite.at("x"))(0, 0)));
}

TEST(ReadMatrix, SupportsLargeSizesBesideAZero) {
  const auto file = parse(file_of(one("F32", "[1152921504606846976,0]", "[0,0]")));
  EXPECT_EQ(heed::read_matrix<float>(file.at("x")).cols(), 0);
  const auto wide = parse(file_of(one("U8", "[0,18446744073709551615]", "[0,0]")));
  EXPECT_THROW(heed::read_matrix<float>(wide.at("x")), heed::Error);
}

}  // namespace safetensors_reader_test
