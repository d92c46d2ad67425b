#include "../../../examples/support/files.hpp"

#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace files_test {

namespace fs = std::filesystem;
using examples::same_file;

class Files : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_ / "data") << "data";
    fs::create_directory(folder_ / "sub");
  }
  static std::string refusal(const std::vector<examples::NamedFile>& inputs,
                             const std::vector<examples::NamedFile>& outputs) {
    try {
      examples::check_outputs(inputs, outputs);
    } catch (const heed::Error& error) {
      return error.what();
    }
    return "";
  }

  const heed::test::TemporaryFolder temporary_;
  const fs::path& folder_ = temporary_.path();
  const fs::path data_ = folder_ / "data";
};

TEST_F(Files, SameFileIgnoresSpelling) {
  fs::create_symlink("data", folder_ / "link");
  fs::create_symlink("../link", folder_ / "sub" / "link to link");
  fs::create_symlink(folder_, folder_ / "sub" / "folder");
  fs::create_hard_link(data_, folder_ / "hard");
  for (const fs::path& other :
       {folder_ / "." / "data", folder_ / "sub" / ".." / "data", folder_ / "link", folder_ / "hard",
        folder_ / "sub" / "link to link", folder_ / "sub" / "folder" / "data", fs::relative(data_)}) {
    EXPECT_TRUE(same_file(data_, other)) << other;
  }
  EXPECT_FALSE(same_file(data_, folder_ / "sub" / "data"));
  EXPECT_FALSE(same_file(data_, ""));
  EXPECT_FALSE(same_file("", ""));
}

TEST_F(Files, SameFileSupportsMissingFiles) {
  fs::create_symlink(folder_, folder_ / "sub" / "folder");
  fs::create_symlink("new", folder_ / "link");
  const fs::path made = folder_ / "new";
  for (const fs::path& other :
       {folder_ / "sub" / ".." / "new", folder_ / "sub" / "folder" / "new", folder_ / "link", fs::relative(made)}) {
    EXPECT_TRUE(same_file(made, other)) << other;
  }
  EXPECT_FALSE(same_file(made, data_));
}

TEST_F(Files, OutputsThatReplaceAnInputAreRejected) {
  EXPECT_EQ(refusal({{"data file", data_}, {"data file", ""}}, {{"--save", folder_ / "new"}, {"picture", ""}}), "");
  EXPECT_EQ(refusal({{"data file", data_}}, {{"--save", folder_ / "new"}, {"picture", data_}}),
            "picture " + data_.string() + " would replace the data file " + data_.string());
  EXPECT_EQ(refusal({}, {{"--save", folder_ / "new"}, {"--back", folder_ / "sub" / ".." / "new"}}),
            "--save " + (folder_ / "new").string() + " would replace the --back " +
                (folder_ / "sub" / ".." / "new").string());
}

TEST_F(Files, TemporaryFilesThatReplaceAnInputAreRejected) {
  for (const fs::path& temporary : heed::detail::temporary_paths(folder_ / "new")) {
    const std::string message = refusal({{"data file", temporary}}, {{"--save", folder_ / "new"}});
    EXPECT_NE(message.find("would replace the data file " + temporary.string()), std::string::npos) << message;
  }
}

}  // namespace files_test
