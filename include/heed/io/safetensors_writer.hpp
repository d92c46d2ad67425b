#pragma once

#include <heed/io/atomic_file.hpp>
#include <heed/io/safetensors_header.hpp>

#include <utility>

namespace heed { inline namespace v0_2 {

/// Collects tensors and metadata strings and writes them to one safetensors file. Equal contents give equal bytes.
///
///     SafetensorsWriter writer;
///     writer.add("W", W);
///     writer.metadata("format", "heed");
///     writer.write("model.safetensors");
class SafetensorsWriter {
 public:
  /// Adds a copy of a matrix without changing its scalar type. A matrix with one column at compile time becomes a
  /// one-dimensional tensor. Throws heed::Error if the name is already used, reserved or not UTF-8.
  template <class Derived>
  void add(std::string_view name, const Eigen::MatrixBase<Derived>& matrix) {
    using S = typename Derived::Scalar;
    require(name != "__metadata__", [] { return "safetensors: no tensor may be named \"__metadata__\""; });
    (void)json_string(name);
    Tensor tensor{dtype_of<S>(), {static_cast<std::uint64_t>(matrix.rows())}, {}};
    if constexpr (Derived::ColsAtCompileTime != 1) tensor.shape.push_back(static_cast<std::uint64_t>(matrix.cols()));
    tensor.data.reserve(static_cast<std::size_t>(matrix.size()) * sizeof(S));
    const auto& values = matrix.derived().eval();  // does not copy a plain matrix
    for (Index i = 0; i < values.rows(); ++i) {
      for (Index j = 0; j < values.cols(); ++j) detail::append_little_endian<S>(values(i, j), tensor.data);
    }
    const bool fresh = tensors_.emplace(name, std::move(tensor)).second;
    require(fresh, [&] { return "safetensors: there is a tensor " + detail::in_quotes(name) + " already"; });
  }

  /// Adds a metadata string. Throws heed::Error if the key is already used, or if the key or the value is not UTF-8.
  void metadata(std::string_view key, std::string_view value) {
    (void)json_string(key);
    (void)json_string(value);
    const bool fresh = metadata_.emplace(key, value).second;
    require(fresh, [&] { return "safetensors: there is metadata " + detail::in_quotes(key) + " already"; });
  }

  /// Writes the file with `AtomicFile`, so an existing file is replaced only by a complete one. Throws heed::Error if
  /// the header is too large or the file cannot be written.
  void write(const std::filesystem::path& path) const {
    const std::vector<const Item*> order = in_order();
    const std::string json = header(order);
    require(json.size() <= 100'000'000, [&] {
      return "cannot write " + path.string() + ": its header has " + std::to_string(json.size()) +
             " bytes, but readers accept at most 100000000";
    });
    std::vector<std::byte> size;
    detail::append_little_endian<std::uint64_t>(json.size(), size);
    AtomicFile file(path);
    file.write(size);
    file.write(json);
    for (const Item* item : order) file.write(item->second.data);
    file.commit();
  }

 private:
  struct Tensor {
    Dtype dtype;
    std::vector<std::uint64_t> shape;
    std::vector<std::byte> data;
  };
  using Item = std::pair<const std::string, Tensor>;

  /// Sorts the tensors by element size, the largest first, so that each is aligned to its element size; then by name.
  std::vector<const Item*> in_order() const {
    std::vector<const Item*> order;
    for (const Item& item : tensors_) order.push_back(&item);
    std::stable_sort(order.begin(), order.end(), [](const Item* a, const Item* b) {
      return dtype_bytes(a->second.dtype) > dtype_bytes(b->second.dtype);
    });
    return order;
  }

  std::string header(const std::vector<const Item*>& order) const {
    std::string json = "{";
    if (!metadata_.empty()) {
      json += "\"__metadata__\":{";
      for (const auto& [key, value] : metadata_) {
        if (json.back() != '{') json += ',';
        json += json_string(key) + ':' + json_string(value);
      }
      json += '}';
    }
    std::uint64_t begin = 0;
    for (const Item* item : order) {
      const auto& [name, tensor] = *item;
      const std::uint64_t end = begin + tensor.data.size();
      if (json.size() > 1) json += ',';
      json += json_string(name) + ":{\"dtype\":\"" + std::string(dtype_name(tensor.dtype)) + "\",\"shape\":[";
      for (const std::uint64_t size : tensor.shape) {
        if (json.back() != '[') json += ',';
        json += std::to_string(size);
      }
      json += "],\"data_offsets\":[" + std::to_string(begin) + ',' + std::to_string(end) + "]}";
      begin = end;
    }
    json += '}';
    json.resize((json.size() + 7) / 8 * 8, ' ');  // the data begins at a multiple of 8 bytes
    return json;
  }

  /// Returns `text` as a JSON string with the short escapes that the official library writes. Throws if it is not
  /// UTF-8.
  static std::string json_string(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
      constexpr std::string_view special = "\"\\\b\f\n\r\t", letters = "\"\\bfnrt", digits = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      if (const auto at = special.find(c); at != std::string_view::npos) {
        result += {'\\', letters[at]};
      } else if (byte < 0x20) {
        result += "\\u00";
        result += {digits[byte / 16U], digits[byte % 16U]};
      } else {
        result += c;
      }
    }
    result += '"';
    require(!invalid_utf8(text), [&] { return "safetensors: " + detail::in_quotes(text) + " is not UTF-8"; });
    return result;
  }

  std::map<std::string, Tensor, std::less<>> tensors_;
  std::map<std::string, std::string, std::less<>> metadata_;
};

}}  // namespace heed::v0_2
