#include <heed/text/line_reader.hpp>
#include <heed/text/vocabulary.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace printable_text_test {

using heed::detail::in_quotes;

/// Characters that control a terminal or change how a line is displayed, and their names.
const std::vector<std::pair<std::string, std::string>> unprintable = {{"\x1b", "0x1b"},
                                                                      {"\x7f", "0x7f"},
                                                                      {"\xc2\x80", "U+0080"},
                                                                      {"\xc2\x85", "U+0085"},
                                                                      {"\xc2\x9b", "U+009B"},
                                                                      {"\xc2\x9f", "U+009F"},
                                                                      {"\xe2\x80\xa8", "U+2028"},
                                                                      {"\xe2\x80\xa9", "U+2029"},
                                                                      {"\xe2\x80\xaa", "U+202A"},
                                                                      {"\xe2\x80\xae", "U+202E"},
                                                                      {"\xe2\x81\xa6", "U+2066"},
                                                                      {"\xe2\x81\xa9", "U+2069"},
                                                                      {"\xef\xbf\xbf", "U+FFFF"},
                                                                      {"\xf0\x9f\xbf\xbe", "U+1FFFE"},
                                                                      {"\xf4\x8f\xbf\xbf", "U+10FFFF"}};

/// The characters next to them, direction marks and joiners, which occur in text.
const std::vector<std::string> printable = {"\xc2\xa0",     "\xe2\x80\xa7", "\xe2\x80\xaf",     "\xe2\x81\xa5",
                                            "\xe2\x81\xaa", "\xef\xbf\xbd", "\xf0\x9f\xbf\xbd", "\xe2\x80\x8f",
                                            "\xe2\x80\x8c", "\xe2\x80\x8d", "\xd8\x9c"};

std::string error_of_line(const std::string& text) {
  return refusal([&] {
    std::istringstream in(text);
    heed::LineReader line(in, "file");
    while (line.next()) {
    }
  });
}

std::string error_of_word(const std::string& word) {
  return refusal([&] { heed::Vocabulary::from_words({"<unk>", "<s>", "</s>", word}); });
}

TEST(PrintableText, MessagesShowUnprintableCharactersByNumber) {
  for (const auto& [character, name] : unprintable) {
    EXPECT_EQ(in_quotes("a" + character + "b"), "\"a<" + name + ">b\"");
  }
  EXPECT_EQ(in_quotes("\xff\xc3"), "\"<0xff><0xc3>\"");
}

TEST(PrintableText, MessagesShowDirectionMarksByNumber) {
  EXPECT_EQ(in_quotes("\xe2\x80\x8e|\xe2\x80\x8f|\xd8\x9c"), "\"<U+200E>|<U+200F>|<U+061C>\"");
}

TEST(PrintableText, MessagesTruncateLongText) {
  for (const std::string piece : {"a", "\xff", "\xf4\x8f\xbf\xbf", "\xe2\x80\xae"}) {
    std::string text;
    for (int i = 0; i < 100; ++i) text += piece;
    EXPECT_LE(in_quotes(text).size(), 64U);
    EXPECT_TRUE(in_quotes(text).ends_with("...\""));
  }
}

TEST(PrintableText, LineReaderRejectsUnprintableCharacters) {
  for (const auto& [character, name] : unprintable) {
    EXPECT_EQ(error_of_line("ok\nab" + character + "\n"),
              "file:2: control character " + name + " at byte offset 2 of the line");
  }
  for (const std::string& character : printable) EXPECT_EQ(error_of_line("a" + character), "accepted");
}

TEST(PrintableText, VocabularyRejectsUnprintableCharacters) {
  for (const auto& [character, name] : unprintable) {
    const std::string message = error_of_word("ab" + character);
    EXPECT_EQ(message, "Vocabulary: word 3, \"ab<" + name + ">\", contains a space or a control character, " + name);
  }
  for (const std::string& character : printable) EXPECT_EQ(error_of_word("a" + character), "accepted");
  EXPECT_EQ(error_of_word("a\tb"), "Vocabulary: word 3, \"a<0x09>b\", contains a space or a control character, 0x09");
  EXPECT_EQ(error_of_word("a b\x1b"),
            "Vocabulary: word 3, \"a b<0x1b>\", contains a space or a control character, 0x20");
}

TEST(PrintableText, CodePointMatchesUnicode) {
  EXPECT_EQ(heed::detail::code_point("a"), U'a');
  EXPECT_EQ(heed::detail::code_point("\xc3\xa9"), U'\u00e9');
  EXPECT_EQ(heed::detail::code_point("\xe2\x82\xac"), U'\u20ac');
  EXPECT_EQ(heed::detail::code_point("\xf0\x9f\x98\x80"), U'\U0001f600');
}

}  // namespace printable_text_test
