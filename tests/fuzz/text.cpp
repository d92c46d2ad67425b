#include "fuzz/feed.hpp"
#include "support/xml.hpp"

#include <heed/io/svg.hpp>
#include <heed/text/tokenize_13a.hpp>

using namespace heed;

/// Any bytes as text: shown in messages, on terminals and in pictures, and cut into words.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto hold = [&](bool holds, std::string_view what) {
    if (!holds) test::blame(what, text);
  };
  test::feed(size, {512}, [&] {
    const std::string quoted = detail::in_quotes(text), plain = detail::plain_text(text);
    hold(!invalid_utf8(quoted) && quoted.size() < 70, "in quotes is long or invalid");
    hold(!detail::first_unprintable(plain) && !detail::first_unprintable(quoted), "plain text is not plain");
    if (!invalid_utf8(text)) hold(detail::glyphs(text).size() == code_points(text), "characters are lost");
    hold(test::xml_fault("<t>" + detail::xml_text(text) + "</t>").empty(), "a picture of it is no XML");
    require(!invalid_utf8(text), [] { return std::string(test::fed) + ": is not UTF-8"; });
  });
  test::feed(size, {512}, [&] {
    const Words words = split_words(text);
    hold(split_words(join_words(words)) == words, "words change");
    for (const std::string& word : tokenize_13a(text)) hold(!word.empty(), "a word of nothing");
  });
  return 0;
}
