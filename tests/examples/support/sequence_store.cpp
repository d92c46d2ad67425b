#include "support/sequence_store.hpp"

#include <heed/core/sentences.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace sequence_store_test {

using examples::SequenceStore;
using heed::Token;

const std::vector<std::vector<Token>> sequences = {{3, 4, 5}, {}, {6}, {}, {7, 8}};

SequenceStore<Token> filled(const std::filesystem::path& folder = {}) {
  SequenceStore<Token> store(folder);
  for (const auto& sequence : sequences) store.add(sequence);
  store.finish();
  return store;
}

void expect_sequences(const SequenceStore<Token>& store) {
  ASSERT_EQ(store.size(), sequences.size());
  EXPECT_EQ(store.items(), 6U);
  const heed::Sentences view(store);
  ASSERT_EQ(view.size(), sequences.size());
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    EXPECT_EQ(std::vector<Token>(store[i].begin(), store[i].end()), sequences[i]);
    EXPECT_EQ(std::vector<Token>(view[i].begin(), view[i].end()), sequences[i]);
  }
}

TEST(SequenceStore, ReturnsItsSequencesFromMemoryAndFromAFile) {
  const auto folder = std::filesystem::temp_directory_path();
  expect_sequences(filled());
  expect_sequences(filled(folder));
  SequenceStore<Token> moved = filled(folder), assigned(folder);
  SequenceStore<Token> kept = std::move(moved);
  expect_sequences(kept);
  assigned = std::move(kept);
  expect_sequences(assigned);
}

TEST(SequenceStore, CanBeEmpty) {
  SequenceStore<Token> store(std::filesystem::temp_directory_path());
  store.finish();
  EXPECT_EQ(store.size(), 0U);
  EXPECT_EQ(store.items(), 0U);
}

TEST(SequenceStore, LeavesNoFileBehind) {
  const auto folder = std::filesystem::temp_directory_path() / "heed-sequence-store-test";
  std::filesystem::create_directory(folder);
  {
    const SequenceStore<Token> store = filled(folder);
    EXPECT_TRUE(std::filesystem::is_empty(folder)) << "the file has no name, so it disappears if the program is killed";
  }
  std::filesystem::remove(folder);
}

TEST(SequenceStore, NamesAFolderThatDoesNotExist) {
  try {
    SequenceStore<Token>("/no/such/folder");
    FAIL() << "accepted";
  } catch (const heed::Error& error) {
    EXPECT_EQ(error.what(), std::string("/no/such/folder: cannot create a temporary file: No such file or directory"));
  }
}

}  // namespace sequence_store_test
