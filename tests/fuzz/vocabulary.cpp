#include "fuzz/feed.hpp"

#include <heed/io/fields.hpp>
#include <heed/text/vocabulary.hpp>

using namespace heed;

/// Any bytes as a vocabulary with one word per line. Accepted words must keep their order and round-trip.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  test::feed(size, {256}, [&] {
    try {
      const auto vocabulary = Vocabulary::from_words(detail::split_lines(text));
      for (Token id = 0; id < vocabulary.size(); ++id) {
        if (vocabulary.id(vocabulary.word(id)) != id) test::abort_with("has two ids", vocabulary.word(id));
      }
      const auto again = Vocabulary::from_words(detail::split_lines(detail::join_lines(vocabulary.words())));
      if (!(again == vocabulary)) test::abort_with("does not round-trip", text);
    } catch (const Error& error) {
      fail(std::string(test::input_name) + ": " + error.what());
    }
  });
  return 0;
}
