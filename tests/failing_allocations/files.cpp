#include <heed/io/pytorch.hpp>
#include <heed/io/translator.hpp>
#include <heed/training/initialization.hpp>

#include "failing_allocations/failing_allocation.hpp"
#include "failing_allocations/numbers.hpp"
#include "support/stored.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace files_test {

using heed::TranslatorConfig;
using heed::test::append_parameters;
using heed::test::fail_every_allocation;
using heed::test::Numbers;

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

heed::Translator translator() {
  TranslatorConfig config;
  config.hidden = config.embedding = 2;
  const auto words = heed::Vocabulary::from_words({"<unk>", "<s>", "</s>", "a", "b"});
  heed::Translator result(config, words, words);
  heed::Random random(4);
  heed::initialize(result.model, random);
  return result;
}

TEST(FailingFiles, SaveKeepsTheOldFileAndNoOther) {
  const heed::test::TemporaryFolder folder;
  const auto path = folder.path() / "model.safetensors";
  const heed::Translator saved = translator();
  heed::Translator(saved.config, saved.source, saved.target).save(path);
  const std::string old = content(path);
  saved.save(path);
  const std::string expected = content(path);
  EXPECT_TRUE(old != expected);
  std::ofstream(path, std::ios::binary) << old;
  for (const auto which : {heed::test::Failing::once, heed::test::Failing::from_then_on}) {
    for (long n = 1;; ++n) {
      bool failed = false, thrown = false;
      {
        const heed::test::FailingAllocation failing(n, which);
        try {
          saved.save(path);
        } catch (const std::exception&) {
          thrown = true;
        }
        failed = failing.failed();
      }
      const auto files = std::distance(std::filesystem::directory_iterator(folder.path()), {});
      ASSERT_EQ(files, 1) << "allocation " << n;
      ASSERT_TRUE(content(path) == (thrown ? old : expected)) << "allocation " << n;
      if (!thrown) std::ofstream(path, std::ios::binary) << old;
      if (!failed) break;
    }
  }
}

TEST(FailingFiles, Load) {
  const heed::test::TemporaryFolder folder;
  const auto path = folder.path() / "model.safetensors";
  translator().save(path);
  EXPECT_GE(fail_every_allocation([&] {
              const heed::Translator loaded = heed::Translator::load(path);
              Numbers numbers{static_cast<double>(loaded.source.size())};
              append_parameters(loaded.model, numbers);
              return numbers;
            }),
            100);
}

TEST(FailingFiles, FromPytorchChangesAllOrNothing) {
  using Part = heed::Linear<float>;
  Part stored_part(3, 2);
  stored_part.W.edit().setConstant(2);
  const auto file =
      heed::test::stored([&](heed::SafetensorsWriter& writer) { heed::to_pytorch(writer, stored_part, "layer"); });
  const auto make = [] { return Part(3, 2); };
  const auto use = [&](Part& part) {
    heed::from_pytorch(file, part, "layer");
    Numbers numbers;
    append_parameters(part, numbers);
    return numbers;
  };
  const long count = fail_every_allocation(make, use);
  EXPECT_GE(count, 5);
  for (long n = 1; n <= count; ++n) {
    Part part(3, 2);
    bool thrown = false;
    {
      const heed::test::FailingAllocation failing(n, heed::test::Failing::once);
      try {
        heed::from_pytorch(file, part, "layer");
      } catch (const std::exception&) {
        thrown = true;
      }
    }
    EXPECT_EQ(part.W.values().sum(), thrown ? 0 : 12) << "allocation " << n;
  }
}

}  // namespace files_test
