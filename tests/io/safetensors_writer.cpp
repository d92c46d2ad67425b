#include <heed/io/safetensors.hpp>

#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace safetensors_writer_test {

namespace fs = std::filesystem;

const fs::path fixtures = fs::path(HEED_FIXTURES) / "safetensors";

std::string contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class SafetensorsWriter : public testing::Test {
 protected:
  std::string bytes_of(const heed::SafetensorsWriter& writer) const {
    writer.write(path_);
    return contents(path_);
  }

  const heed::test::TemporaryFolder temporary_;
  const fs::path& folder_ = temporary_.path();
  const fs::path path_ = folder_ / "a.safetensors";
};

TEST_F(SafetensorsWriter, MatchesTheOfficialLibrary) {
  const heed::Matrix<double> grid{{0, 1, 2}, {3, 4, 5}};
  heed::SafetensorsWriter writer;
  writer.add("z", grid.cast<float>());
  writer.add("a", heed::Vector<float>{{1, 2}});
  writer.add("deep.W", grid);
  writer.add("café \"quoted\"", heed::Vector<Eigen::half>{{Eigen::half(0.5F)}});
  writer.metadata("words", "le chat\n\"x\"\\\t\x01é");
  EXPECT_EQ(bytes_of(writer), contents(fixtures / "parameters.safetensors"));
}

TEST_F(SafetensorsWriter, RoundTripsTensorsAndMetadata) {
  const heed::Matrix<float> W = heed::Matrix<float>::Random(7, 5);
  const heed::Matrix<double> U = heed::Matrix<double>::Random(3, 4);
  heed::SafetensorsWriter writer;
  writer.add("W", W);
  writer.add("U", U);
  writer.add("block", U.block(1, 1, 2, 2));
  writer.add("expression", 2 * U.transpose());
  writer.add("row", U.row(0));
  writer.add("column", U.col(0));
  writer.add("empty", heed::Matrix<float>(0, 3));
  writer.add("brain", W.cast<Eigen::bfloat16>());
  writer.metadata("", "");
  writer.metadata("vocabulary", "a\nb\u2028 \x7f");
  writer.write(path_);
  const auto file = heed::SafetensorsFile::read(path_);
  EXPECT_EQ(heed::read_matrix<float>(file.at("W")), W);
  EXPECT_EQ(heed::read_matrix<double>(file.at("U")), U);
  EXPECT_EQ(heed::read_matrix<double>(file.at("block")), U.block(1, 1, 2, 2));
  EXPECT_EQ(heed::read_matrix<double>(file.at("expression")), 2 * U.transpose());
  EXPECT_EQ(file.at("row").shape, (std::vector<std::uint64_t>{1, 4}));
  EXPECT_EQ(file.at("column").shape, std::vector<std::uint64_t>{3});
  EXPECT_EQ(file.at("empty").shape, (std::vector<std::uint64_t>{0, 3}));
  EXPECT_EQ(heed::read_matrix<float>(file.at("brain")), W.cast<Eigen::bfloat16>().cast<float>());
  EXPECT_EQ(file.metadata().at("vocabulary"), "a\nb\u2028 \x7f");
  EXPECT_EQ(file.metadata().at(""), "");
}

TEST_F(SafetensorsWriter, WritesRowMajorDataAlignedToEightBytes) {
  heed::SafetensorsWriter writer;
  writer.add("W", heed::Matrix<float>{{1, 2}, {3, 4}});
  const std::string bytes = bytes_of(writer);
  EXPECT_EQ(bytes.substr(bytes.size() - 16), std::string("\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\x40", 16));
  EXPECT_EQ(bytes[8], '{');
  EXPECT_EQ((bytes.size() - 16) % 8, 0U);
}

TEST_F(SafetensorsWriter, OutputDoesNotDependOnTheOrderOfAdding) {
  heed::SafetensorsWriter one, other;
  one.add("a", heed::Vector<float>{{1}});
  one.add("b", heed::Vector<double>{{2}});
  one.metadata("x", "1");
  one.metadata("y", "2");
  other.metadata("y", "2");
  other.add("b", heed::Vector<double>{{2}});
  other.metadata("x", "1");
  other.add("a", heed::Vector<float>{{1}});
  EXPECT_EQ(bytes_of(one), bytes_of(other));
}

TEST_F(SafetensorsWriter, RejectsInvalidAndDuplicateNames) {
  heed::SafetensorsWriter writer;
  const heed::Vector<float> x{{1}};
  writer.add("a", x);
  EXPECT_THROW(writer.add("a", x), heed::Error);
  EXPECT_THROW(writer.add("__metadata__", x), heed::Error);
  EXPECT_THROW(writer.add("\xff", x), heed::Error);
  writer.metadata("k", "v");
  EXPECT_THROW(writer.metadata("k", "w"), heed::Error);
  EXPECT_THROW(writer.metadata("l", "\xc3"), heed::Error);
  EXPECT_THROW(writer.metadata("\xc3", "v"), heed::Error);
  writer.write(path_);
  EXPECT_EQ(heed::SafetensorsFile::read(path_).tensors().size(), 1U);
}

TEST_F(SafetensorsWriter, KeepsTheOldFileIfWritingFails) {
  heed::SafetensorsWriter writer;
  writer.add("a", heed::Vector<float>{{1}});
  const std::string before = bytes_of(writer);
  EXPECT_THROW(writer.write(path_ / "inside"), heed::Error);
  EXPECT_THROW(writer.write(folder_), heed::Error);
  EXPECT_EQ(contents(path_), before);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

}  // namespace safetensors_writer_test
