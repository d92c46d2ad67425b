#include "fuzz/feed.hpp"

#include <vector>

/// Not a reader of heed: it trusts the length at the start of a file. A test checks that `feed` detects the memory it
/// needs.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  heed::test::feed(size, {32}, [&] {
    std::size_t length = 0;
    for (std::size_t i = std::min<std::size_t>(size, 4); i-- > 0;) length = length << 8U | data[i];
    if (!std::vector<std::uint8_t>(length % (1U << 26U)).empty() || size == 0) return;
    heed::fail(std::string(heed::test::input_name) + ": is empty");
  });
  return 0;
}
