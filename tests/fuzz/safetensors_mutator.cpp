#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

/// A change of libFuzzer's to one part of a safetensors file, the header or the data, with the header's length in front
/// set right again. Without this nearly every change would be refused for its length. One in eight is a change of
/// anything to anything.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  if (size < 8 || most <= size || seed % 8 == 0) return LLVMFuzzerMutate(data, size, most);
  std::uint64_t header = 0;
  for (std::size_t i = 8; i-- > 0;) header = header << 8U | data[i];
  header = std::min<std::uint64_t>(header, size - 8);
  std::uint8_t* const text = data + 8;
  std::uint8_t* const numbers = text + header;
  const auto rest = static_cast<std::size_t>(data + size - numbers);
  if (seed % 8 == 1) return 8 + header + LLVMFuzzerMutate(numbers, rest, most - 8 - header);
  const std::vector<std::uint8_t> kept(numbers, numbers + rest);
  header = LLVMFuzzerMutate(text, header, most - 8 - rest);
  std::copy(kept.begin(), kept.end(), text + header);
  for (std::size_t i = 0; i < 8; ++i) data[i] = static_cast<std::uint8_t>(header >> (8 * i));
  return 8 + header + rest;
}
