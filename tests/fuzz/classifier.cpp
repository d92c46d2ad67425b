#include "fuzz/feed.hpp"

#include "sentiment/classifier.hpp"

/// Any bytes as a sentiment model. Its labels must be printable.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using heed::SafetensorsFile;
  heed::test::feed(size, {128}, [&] {
    const auto bytes = std::as_bytes(std::span(data, size));
    const auto classifier =
        examples::load_classifier(SafetensorsFile::parse(bytes, std::string(heed::test::input_name)));
    for (const std::string& label : classifier.labels) {
      if (heed::detail::first_unprintable(label))
        heed::test::abort_with("accepted although it cannot be printed", label);
    }
  });
  return 0;
}
