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

/// One tensor of a file: row-major, little-endian, at any alignment. Views into the `SafetensorsFile` it came from.
struct TensorView {
  std::string_view name;             ///< as in the file
  Dtype dtype;                       ///< the element type
  std::vector<std::uint64_t> shape;  ///< no dimensions: a single number
  std::span<const std::byte> data;   ///< as many bytes as dtype and shape require; any number if dtype is `other`
  std::string other_dtype = {};      ///< the name of the dtype in the file, if dtype is `other`
};

namespace detail {

/// The dtype of a tensor as messages show it: `F32`, or `"F4"` if it is not in `Dtype`.
inline std::string dtype_text(Dtype dtype, std::string_view other) {
  return dtype == Dtype::other ? in_quotes(other) : std::string(dtype_name(dtype));
}
inline std::string dtype_text(const TensorView& view) { return dtype_text(view.dtype, view.other_dtype); }

}  // namespace detail

/// A safetensors file in memory, checked as a whole before anything of it can be seen. Movable, not copyable.
///
/// The file may come from anywhere: whatever its header claims, nothing outside its bytes is read, and memory stays
/// within about eleven times its size. Throws with the file's name and what is wrong.
class SafetensorsFile {
 public:
  /// What a file holds, by name: tensors and strings.
  using Tensors = std::map<std::string, TensorView, std::less<>>;
  using Metadata = std::map<std::string, std::string, std::less<>>;

  /// Reads a file. Throws if there is none, or if anything is wrong with it.
  static SafetensorsFile read(const std::filesystem::path& path) {
    return SafetensorsFile(whole_file(path), path.string());
  }

  /// From bytes already in memory (copied); `name` stands for the file in messages.
  static SafetensorsFile parse(std::span<const std::byte> bytes, std::string name = "safetensors data") {
    return SafetensorsFile({bytes.begin(), bytes.end()}, std::move(name));
  }

  SafetensorsFile(SafetensorsFile&&) = default;
  SafetensorsFile& operator=(SafetensorsFile&&) = default;

  /// What the file is called in messages.
  const std::string& name() const { return name_; }
  /// All it holds.
  const Tensors& tensors() const { return tensors_; }
  const Metadata& metadata() const { return metadata_; }

  /// The tensor of that name; throws when there is none.
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
      return "says its header has " + std::to_string(header_size) + " bytes; at most " +
             std::to_string(max_header_bytes) + " are allowed (is this a safetensors file?)";
    });
    check(header_size <= size - 8, [&] {
      return "says its header has " + std::to_string(header_size) + " bytes, but only " + std::to_string(size - 8) +
             " follow (was it cut short?)";
    });
    auto* text = reinterpret_cast<char*>(bytes_.data()) + 8;
    auto header = detail::parse_safetensors_header({text, static_cast<std::size_t>(header_size)}, name_);
    metadata_ = std::move(header.metadata);
    const auto data = std::span<const std::byte>(bytes_).subspan(8 + static_cast<std::size_t>(header_size));
    check_layout(header, data.size());
    while (!header.tensors.empty()) {  // node by node, so that the two maps are never whole at once
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

  /// The tensors must fill the data exactly, one after the other, each as large as dtype and shape require. The size of a
  /// tensor of another dtype is not known, so only its place is checked.
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
        return range() + " reaches past the end of the data, which has " + std::to_string(data_size) +
               " bytes (was the file cut short?)";
      });
      filled = entry.end;
      if (entry.dtype == Dtype::other) continue;
      const std::optional<std::uint64_t> bytes = bytes_of(entry);
      check(bytes.has_value(), [&] { return range() + " has a shape too large to count"; });
      check(*bytes == entry.end - entry.begin,
            [&] { return range() + " should have " + std::to_string(*bytes) + " bytes by its shape"; });
    }
    check(filled == data_size,
          [&] { return "has " + std::to_string(data_size - filled) + " bytes to spare after its last tensor"; });
  }

  /// Shape times item size, or nothing where that overflows, even in the sizes beside a zero: they are used one by one.
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

/// Copies a tensor of `Stored` numbers into a column-major matrix of as many.
template <class Stored, class X>
void read_numbers(const TensorView& view, X&& matrix) {
  using S = typename std::remove_reference_t<X>::Scalar;
  if (matrix.size() == 0) return;  // (2^60, 0) is a legal shape and would take years to walk through
  const std::byte* at = view.data.data();
  for (Index i = 0; i < matrix.rows(); ++i) {
    for (Index j = 0; j < matrix.cols(); ++j, at += sizeof(Stored)) {
      const Stored value = from_little_endian<Stored>(at);
      matrix(i, j) = static_cast<S>(value);
      require((Eigen::numext::isfinite)(matrix(i, j)) || !(Eigen::numext::isfinite)(value), [&] {
        return "tensor " + in_quotes(view.name) + " holds " + number_text(static_cast<double>(value)) +
               ", more than the type it is read as can hold";
      });
    }
  }
}

/// Throws unless a tensor has one of the dtypes that `read_matrix` takes. Of any other, the shape was not checked against
/// the data.
inline void require_real(const TensorView& view) {
  require(is_real(view.dtype), [&] {
    return "tensor " + in_quotes(view.name) + " has dtype " + dtype_text(view) + "; expected F16, BF16, F32 or F64";
  });
}

/// `read_numbers` for a tensor of any dtype that `read_matrix` takes. Does not allocate unless it throws.
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

/// A stored tensor as a matrix: one of two dimensions as rows x cols, of one dimension as a column, a scalar as 1 x 1.
///
/// Takes F16, BF16, F32 and F64, converted to `S`; throws for any other dtype, for more dimensions, and for a number
/// that is finite in the file and would not be in `S`.
template <class S>
Matrix<S> read_matrix(const TensorView& view) {
  detail::require_real(view);
  require(view.shape.size() <= 2, [&] {
    return "tensor " + detail::in_quotes(view.name) + " has shape " + detail::shape_text(view.shape) +
           "; expected at most two dimensions";
  });
  for (const std::uint64_t size : view.shape) {  // beside a zero, a size may be anything
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
