#include "fuzz/feed.hpp"
#include "support/xml.hpp"

#include <heed/io/svg.hpp>
#include <heed/text/tokenize_13a.hpp>

using namespace heed;

/// Any bytes as text: shown in messages, on terminals and in pictures, and split into words.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto expect = [&](bool holds, std::string_view what) {
    if (!holds) test::abort_with(what, text);
  };
  test::feed(size, {512}, [&] {
    const std::string quoted = detail::in_quotes(text), plain = detail::plain_text(text);
    expect(!invalid_utf8(quoted) && quoted.size() < 70, "in quotes is long or invalid");
    expect(!detail::first_unprintable(plain) && !detail::first_unprintable(quoted), "plain text is not plain");
    if (!invalid_utf8(text)) expect(detail::glyphs(text).size() == code_points(text), "characters are lost");
    expect(test::xml_fault("<t>" + detail::xml_text(text) + "</t>").empty(), "its picture is not XML");
    require(!invalid_utf8(text), [] { return std::string(test::input_name) + ": is not UTF-8"; });
  });
  test::feed(size, {512}, [&] {
    const Words words = split_words(text);
    expect(split_words(join_words(words)) == words, "words change");
    for (const std::string& word : tokenize_13a(text)) expect(!word.empty(), "an empty word");
  });
  return 0;
}
