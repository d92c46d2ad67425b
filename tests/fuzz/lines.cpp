#include "fuzz/feed.hpp"

#include "sentiment/labelled.hpp"

#include <heed/text/corpus.hpp>

#include <sstream>

using namespace heed;

/// Any bytes as a file of sentence pairs, of sentences or of labelled sentences. Accepted data must have words, and
/// links inside the pairs.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size), name(test::input_name);
  for (const bool allow_missing_target : {false, true}) {
    std::istringstream in(text);
    test::feed(size, {256}, [&] {
      for (const SentencePair& pair : read_pairs(in, name, {allow_missing_target, 100})) {
        if (pair.source.empty() || (pair.target.empty() && !allow_missing_target))
          test::abort_with("accepted", "an empty sentence");
        for (const Links* const links : {&pair.sure, &pair.possible}) {
          for (const Link& link : *links) {
            const bool inside = link.source >= 0 && link.source < static_cast<Index>(pair.source.size()) &&
                                link.target >= 0 && link.target < static_cast<Index>(pair.target.size());
            if (!inside) test::abort_with("accepted", "a link outside the pair");
          }
        }
      }
    });
  }
  std::istringstream in(text), labelled(text);
  test::feed(size, {256}, [&] {
    for (const Words& words : read_sentences(in, name)) {
      if (words.empty() || split_words(join_words(words)) != words) test::abort_with("accepted", "invalid words");
    }
  });
  test::feed(size, {256}, [&] { (void)examples::read_labelled(labelled, name); });
  return 0;
}
