#pragma once

#include <heed/io/safetensors.hpp>
#include <heed/text/subwords.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace heed { inline namespace v0_2 { namespace detail {

/// The names of the tensors that hold the subwords of a translator.
inline constexpr std::string_view source_subwords_name = "subwords.source", target_subwords_name = "subwords.target";

/// Adds the content of a SentencePiece model to a file, unless there is none.
inline void save_subwords(SafetensorsWriter& writer, std::string_view name, const Subwords& subwords) {
  if (subwords.empty()) return;
  Vector<std::uint8_t> bytes(std::ssize(subwords.model()));
  std::copy(subwords.model().begin(), subwords.model().end(), bytes.begin());
  writer.add(name, bytes);
}

/// Loads subwords that `save_subwords` added. Returns subwords without a model if there is no such tensor. Throws if
/// the tensor does not hold a SentencePiece model.
inline Subwords load_subwords(const SafetensorsFile& file, std::string_view name) {
  const auto found = file.tensors().find(name);
  if (found == file.tensors().end()) return {};
  const TensorView& tensor = found->second;
  require(tensor.dtype == Dtype::u8 && tensor.shape.size() == 1 && !tensor.data.empty(),
          [&] { return in_quotes(name) + " must be a one-dimensional tensor of bytes (U8) that is not empty"; });
  return Subwords(std::string(reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size()));
}

}}}  // namespace heed::v0_2::detail
