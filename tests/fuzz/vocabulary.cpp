#include "fuzz/feed.hpp"

#include <heed/io/fields.hpp>
#include <heed/text/vocabulary.hpp>

using namespace heed;

/// Any bytes as a vocabulary, a word a line. What is taken is numbered as it stood there, and reads back from its words.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  test::feed(size, {256}, [&] {
    try {
      const auto vocabulary = Vocabulary::from_words(detail::split_lines(text));
      for (Token id = 0; id < vocabulary.size(); ++id) {
        if (vocabulary.id(vocabulary.word(id)) != id) test::blame("numbered twice", vocabulary.word(id));
      }
      const auto again = Vocabulary::from_words(detail::split_lines(detail::join_lines(vocabulary.words())));
      if (!(again == vocabulary)) test::blame("does not come back from its words", text);
    } catch (const Error& error) {
      fail(std::string(test::fed) + ": " + error.what());
    }
  });
  return 0;
}
