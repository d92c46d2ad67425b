#include "fuzz/feed.hpp"

#include <heed/io/safetensors_reader.hpp>

using namespace heed;

/// Any bytes as a safetensors file. Every tensor is read as a matrix.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  test::feed(size, {32}, [&] {
    const auto file = SafetensorsFile::parse(std::as_bytes(std::span(data, size)), std::string(test::input_name));
    for (const auto& [name, tensor] : file.tensors()) {
      try {
        (void)read_matrix<double>(tensor);
      } catch (const Error& error) {
        test::check_message(std::string(test::input_name) + ": " + error.what());
      }
    }
  });
  return 0;
}
