#pragma once

#include <heed/io/atomic_file.hpp>
#include <heed/io/safetensors_header.hpp>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

namespace heed { inline namespace v0_2 {

/// A view of one tensor of a `SafetensorsFile`: row-major, little-endian, at any alignment.
struct TensorView {
  std::string_view name;             ///< name in the file
  Dtype dtype;                       ///< the element type
  std::vector<std::uint64_t> shape;  ///< empty for a scalar
  std::span<const std::byte> data;   ///< its size matches dtype and shape, unless dtype is `other`
  std::string other_dtype = {};      ///< the name of the dtype in the file, if dtype is `other`
};

namespace detail {

/// Formats the dtype of a tensor for messages: `F32`, or `"F4"` if it is not in `Dtype`.
inline std::string dtype_text(Dtype dtype, std::string_view other) {
  return dtype == Dtype::other ? in_quotes(other) : std::string(dtype_name(dtype));
}
inline std::string dtype_text(const TensorView& view) { return dtype_text(view.dtype, view.other_dtype); }

}  // namespace detail

/// A safetensors file in memory. `read` and `parse` check the whole header and layout. Movable, not copyable.
///
/// Safe for untrusted files: whatever the header contains, nothing outside of the file's bytes is accessed, and memory
/// use stays within about eleven times the file size. Throws heed::Error with the file's name and the problem.
class SafetensorsFile {
 public:
  /// The tensors or the metadata strings of a file, by name.
  using Tensors = std::map<std::string, TensorView, std::less<>>;
  using Metadata = std::map<std::string, std::string, std::less<>>;

  /// Reads a file. Throws heed::Error if it does not exist, cannot be read or is invalid.
  static SafetensorsFile read(const std::filesystem::path& path) {
    return SafetensorsFile(whole_file(path), path.string());
  }

  /// Parses a copy of bytes in memory. `name` is the name of the file in messages.
  static SafetensorsFile parse(std::span<const std::byte> bytes, std::string name = "safetensors data") {
    return SafetensorsFile({bytes.begin(), bytes.end()}, std::move(name));
  }

  SafetensorsFile(SafetensorsFile&&) = default;
  SafetensorsFile& operator=(SafetensorsFile&&) = default;

  /// The name of the file in messages.
  const std::string& name() const { return name_; }
  /// All entries of the file.
  const Tensors& tensors() const { return tensors_; }
  const Metadata& metadata() const { return metadata_; }

  /// Returns the tensor with this name. Throws heed::Error if there is none.
  const TensorView& at(std::string_view tensor) const {
    const auto found = tensors_.find(tensor);
    require(found != tensors_.end(), [&] { return name_ + ": there is no tensor " + detail::in_quotes(tensor); });
    return found->second;
  }

 private:
  static constexpr std::uint64_t max_header_bytes = 100'000'000;

  SafetensorsFile(std::vector<std::byte> bytes, std::string name) : name_(std::move(name)), bytes_(std::move(bytes)) {
    const std::uint64_t size = bytes_.size();
    check(size >= 8, [&] { return "has " + std::to_string(size) + " bytes; a safetensors file has at least 8"; });
    const auto header_size = detail::from_little_endian<std::uint64_t>(bytes_.data());
    check(header_size <= max_header_bytes, [&] {
      return "has a header of " + std::to_string(header_size) + " bytes; at most " + std::to_string(max_header_bytes) +
             " are allowed (is this a safetensors file?)";
    });
    check(header_size <= size - 8, [&] {
      return "has a header of " + std::to_string(header_size) + " bytes, but only " + std::to_string(size - 8) +
             " follow (is the file truncated?)";
    });
    auto* text = reinterpret_cast<char*>(bytes_.data()) + 8;
    auto header = detail::parse_safetensors_header({text, static_cast<std::size_t>(header_size)}, name_);
    metadata_ = std::move(header.metadata);
    const auto data = std::span<const std::byte>(bytes_).subspan(8 + static_cast<std::size_t>(header_size));
    check_layout(header, data.size());
    while (!header.tensors.empty()) {  // node by node, so that the two maps are never complete at the same time
      auto node = header.tensors.extract(header.tensors.begin());
      detail::TensorEntry& entry = node.mapped();
      const auto range = data.subspan(static_cast<std::size_t>(entry.begin),  // within the file: checked above
                                      static_cast<std::size_t>(entry.end - entry.begin));
      const auto place = tensors_.emplace_hint(
          tensors_.end(), std::move(node.key()),
          TensorView{{}, entry.dtype, std::move(entry.shape), range, std::move(entry.other_dtype)});
      place->second.name = place->first;
    }
  }

  /// Throws unless the tensors fill the data exactly, without gaps and overlaps, and the size of each matches its dtype
  /// and shape. The element size of `Dtype::other` is not known, so only the position of such a tensor is checked.
  void check_layout(const detail::SafetensorsHeader& header, std::uint64_t data_size) const {
    using Item = std::pair<const std::string, detail::TensorEntry>;
    std::vector<const Item*> order;
    order.reserve(header.tensors.size());
    for (const Item& item : header.tensors) order.push_back(&item);
    std::sort(order.begin(), order.end(), [](const Item* a, const Item* b) {
      return std::pair(a->second.begin, a->second.end) < std::pair(b->second.begin, b->second.end);
    });
    std::uint64_t filled = 0;
    for (const Item* item : order) {
      const auto& [name, entry] = *item;
      const auto range = [&, &tensor = name, &e = entry] {
        return "tensor " + detail::in_quotes(tensor) + " of " + detail::dtype_text(e.dtype, e.other_dtype) + ' ' +
               detail::shape_text(e.shape) + " at bytes [" + std::to_string(e.begin) + ", " + std::to_string(e.end) +
               ')';
      };
      check(entry.begin <= entry.end, [&] { return range() + " ends before it begins"; });
      check(entry.begin == filled, [&] {
        return range() + " should begin at byte " + std::to_string(filled) +
               ", where the one before it ends: tensors may neither overlap nor leave a gap";
      });
      check(entry.end <= data_size, [&] {
        return range() + " ends after the data, which has " + std::to_string(data_size) +
               " bytes (is the file truncated?)";
      });
      filled = entry.end;
      if (entry.dtype == Dtype::other) continue;
      const std::optional<std::uint64_t> bytes = bytes_of(entry);
      check(bytes.has_value(), [&] { return range() + " has a shape that is too large"; });
      check(*bytes == entry.end - entry.begin,
            [&] { return range() + " should have " + std::to_string(*bytes) + " bytes according to its shape"; });
    }
    check(filled == data_size,
          [&] { return "has " + std::to_string(data_size - filled) + " extra bytes after its last tensor"; });
  }

  /// Returns shape times element size; nothing if that overflows. If a size is 0, the product of the other sizes must
  /// not overflow either, because they are used one by one.
  static std::optional<std::uint64_t> bytes_of(const detail::TensorEntry& entry) {
    std::uint64_t bytes = dtype_bytes(entry.dtype);
    bool empty = false;
    for (const std::uint64_t size : entry.shape) {
      if (size > 0 && bytes > std::numeric_limits<std::uint64_t>::max() / size) return std::nullopt;
      if (size > 0) bytes *= size;
      empty = empty || size == 0;
    }
    return empty ? 0 : bytes;
  }

  template <class Message>
  void check(bool holds, const Message& message) const {
    require(holds, [&] { return name_ + ": " + message(); });
  }

  static std::vector<std::byte> whole_file(const std::filesystem::path& path) {
    namespace fs = std::filesystem;
    const auto refuse = [&](const std::string& why) { fail("cannot read " + path.string() + ": " + why); };
    const auto reason = [] { return std::generic_category().message(errno); };
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found) refuse("there is no such file");
    if (!fs::status_known(status)) refuse(error.message());
    if (fs::is_directory(status)) refuse("it is a folder");
    if (!fs::is_regular_file(status)) refuse("it is not a regular file");
    detail::check_is_whole(path);
    const std::uintmax_t size = fs::file_size(path, error);
    if (error) refuse(error.message());
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.string().c_str(), "rb"), &std::fclose);
    if (file == nullptr) refuse(reason());
    if (size > std::numeric_limits<std::size_t>::max() / 2) refuse("it is too large for the memory of this machine");
    std::vector<std::byte> bytes(static_cast<std::size_t>(size));
    const std::size_t got = std::fread(bytes.data(), 1, bytes.size(), file.get());
    if (std::ferror(file.get()) != 0) refuse(reason());
    if (got != bytes.size() || std::fgetc(file.get()) != EOF) refuse("it changed while it was read");
    return bytes;
  }

  std::string name_;
  std::vector<std::byte> bytes_;
  Tensors tensors_;
  Metadata metadata_;
};

namespace detail {

/// Copies a tensor of `Stored` elements into a matrix of the same number of elements. Throws if a finite value is not
/// finite in the matrix.
template <class Stored, class X>
void read_numbers(const TensorView& view, X&& matrix) {
  using S = typename std::remove_reference_t<X>::Scalar;
  if (matrix.size() == 0) return;  // (2^60, 0) is a valid shape; a loop over its rows would take years
  const std::byte* at = view.data.data();
  for (Index i = 0; i < matrix.rows(); ++i) {
    for (Index j = 0; j < matrix.cols(); ++j, at += sizeof(Stored)) {
      const Stored value = from_little_endian<Stored>(at);
      matrix(i, j) = static_cast<S>(value);
      require((Eigen::numext::isfinite)(matrix(i, j)) || !(Eigen::numext::isfinite)(value), [&] {
        return "tensor " + in_quotes(view.name) + " contains " + number_text(static_cast<double>(value)) +
               ", which is too large for the type it is read as";
      });
    }
  }
}

/// Throws unless `read_matrix` accepts the dtype of a tensor. For `Dtype::other` the shape is not checked against the
/// data.
inline void require_real(const TensorView& view) {
  require(is_real(view.dtype), [&] {
    return "tensor " + in_quotes(view.name) + " has dtype " + dtype_text(view) + "; expected F16, BF16, F32 or F64";
  });
}

/// Calls `read_numbers` for any dtype that `read_matrix` accepts; throws for others. Does not allocate unless it
/// throws.
template <class X>
void read_into(const TensorView& view, X&& matrix) {
  require_real(view);
  switch (view.dtype) {
    case Dtype::f16:
      return read_numbers<Eigen::half>(view, matrix);
    case Dtype::bf16:
      return read_numbers<Eigen::bfloat16>(view, matrix);
    case Dtype::f32:
      return read_numbers<float>(view, matrix);
    default:
      return read_numbers<double>(view, matrix);
  }
}

}  // namespace detail

/// Returns a stored tensor as a matrix: two dimensions as rows x columns, one dimension as a column, a scalar as 1 x 1.
///
/// Accepts F16, BF16, F32 and F64 and converts them to `S`. Throws heed::Error for any other dtype, for more than two
/// dimensions, and for a value that is finite in the file but not in `S`.
template <class S>
Matrix<S> read_matrix(const TensorView& view) {
  detail::require_real(view);
  require(view.shape.size() <= 2, [&] {
    return "tensor " + detail::in_quotes(view.name) + " has shape " + detail::shape_text(view.shape) +
           "; expected at most two dimensions";
  });
  for (const std::uint64_t size : view.shape) {  // a size may be very large if another size is 0
    require(size <= static_cast<std::uint64_t>(std::numeric_limits<Index>::max()), [&] {
      return "tensor " + detail::in_quotes(view.name) + " has shape " + detail::shape_text(view.shape) + ", too large";
    });
  }
  const Index rows = view.shape.empty() ? 1 : static_cast<Index>(view.shape[0]);
  const Index cols = view.shape.size() < 2 ? 1 : static_cast<Index>(view.shape[1]);
  Matrix<S> matrix(rows, cols);
  detail::read_into(view, matrix);
  return matrix;
}

}}  // namespace heed::v0_2
