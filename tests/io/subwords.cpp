#include <heed/io/subwords.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "support/temporary_folder.hpp"

// Files with a SentencePiece model have their tests in tests/sentencepiece.
namespace subwords_file_test {

using heed::SafetensorsFile;
using heed::SafetensorsWriter;
using heed::Subwords;

class SubwordsFile : public testing::Test {
 protected:
  SafetensorsFile written(const SafetensorsWriter& writer) const {
    writer.write(folder_.path() / "subwords");
    return SafetensorsFile::read(folder_.path() / "subwords");
  }

  std::string load_error(const SafetensorsWriter& writer) const {
    try {
      heed::detail::load_subwords(written(writer), "subwords.source");
      return "accepted";
    } catch (const heed::Error& error) {
      return error.what();
    }
  }

  const heed::test::TemporaryFolder folder_;
};

TEST_F(SubwordsFile, HasNoTensorWithoutAModel) {
  SafetensorsWriter writer;
  heed::detail::save_subwords(writer, "subwords.source", Subwords());
  const SafetensorsFile file = written(writer);
  EXPECT_TRUE(file.tensors().empty());
  EXPECT_TRUE(heed::detail::load_subwords(file, "subwords.source").empty());
}

TEST_F(SubwordsFile, RejectsTensorsThatAreNotBytes) {
  const std::string problem = "\"subwords.source\" must be a one-dimensional tensor of bytes (U8) that is not empty";
  SafetensorsWriter floats, matrix, empty;
  floats.add("subwords.source", Eigen::VectorXf::Zero(3).eval());
  matrix.add("subwords.source", Eigen::Matrix<std::uint8_t, Eigen::Dynamic, Eigen::Dynamic>::Zero(2, 2).eval());
  empty.add("subwords.source", Eigen::Vector<std::uint8_t, Eigen::Dynamic>());
  for (const SafetensorsWriter* const writer : {&floats, &matrix, &empty}) EXPECT_EQ(load_error(*writer), problem);
}

}  // namespace subwords_file_test
