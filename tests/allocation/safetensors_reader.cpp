#include "support/allocation_counter.hpp"

#include <heed/io/safetensors_reader.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

namespace safetensors_reader_test {

/// Error messages must not quote the whole file: a quoted line end has eight characters.
TEST(SafetensorsFile, RejectsALongHeaderWithLittleMemory) {
  if (!heed::test::allocations_are_counted) GTEST_SKIP() << "allocations can be counted only with the GNU C library";
  constexpr std::size_t size = 1'000'000;
  for (const std::string& header : {"{" + std::string(size, '\n') + "x", "{" + std::string(size, ' ') + "x",
                                    "{\"" + std::string(size, 'a'), "{\"x\":" + std::string(size, '1')}) {
    std::vector<std::byte> bytes;
    heed::detail::append_little_endian<std::uint64_t>(header.size(), bytes);
    for (const char c : header) bytes.push_back(static_cast<std::byte>(c));
    const heed::test::AllocationCounter counter;
    EXPECT_EQ(refusal([&] { heed::SafetensorsFile::parse(bytes, "f"); }).substr(0, 13), "f: the header");
    EXPECT_LT(counter.total(), 32 * bytes.size()) << header.substr(0, 10);
  }
}

}  // namespace safetensors_reader_test
