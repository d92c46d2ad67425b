#include "fuzz/feed.hpp"

#include <heed/io/translator.hpp>

using namespace heed;

/// Any bytes as a translation model.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  test::feed(size, {128, heed::test::small_models}, [&] {
    (void)Translator::load(SafetensorsFile::parse(std::as_bytes(std::span(data, size)), std::string(test::input_name)));
  });
  return 0;
}
