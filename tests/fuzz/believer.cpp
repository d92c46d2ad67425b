#include "fuzz/feed.hpp"

#include <vector>

/// No reader of heed's: it believes the length in front of a file. A test holds that `feed` sees what that costs.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  heed::test::feed(size, {32}, [&] {
    std::size_t length = 0;
    for (std::size_t i = std::min<std::size_t>(size, 4); i-- > 0;) length = length << 8U | data[i];
    if (!std::vector<std::uint8_t>(length % (1U << 26U)).empty() || size == 0) return;
    heed::fail(std::string(heed::test::fed) + ": holds nothing");
  });
  return 0;
}
