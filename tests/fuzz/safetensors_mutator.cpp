#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

/// Applies a mutation of libFuzzer to the header or to the data of a safetensors file and corrects the header length.
/// Otherwise nearly every mutation would be rejected because of the length. One mutation in eight changes arbitrary
/// bytes.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  if (size < 8 || max_size <= size || seed % 8 == 0) return LLVMFuzzerMutate(data, size, max_size);
  std::uint64_t header = 0;
  for (std::size_t i = 8; i-- > 0;) header = header << 8U | data[i];
  header = std::min<std::uint64_t>(header, size - 8);
  std::uint8_t* const text = data + 8;
  std::uint8_t* const data_begin = text + header;
  const auto rest = static_cast<std::size_t>(data + size - data_begin);
  if (seed % 8 == 1) return 8 + header + LLVMFuzzerMutate(data_begin, rest, max_size - 8 - header);
  const std::vector<std::uint8_t> old_data(data_begin, data_begin + rest);
  header = LLVMFuzzerMutate(text, header, max_size - 8 - rest);
  std::copy(old_data.begin(), old_data.end(), text + header);
  for (std::size_t i = 0; i < 8; ++i) data[i] = static_cast<std::uint8_t>(header >> (8 * i));
  return 8 + header + rest;
}
