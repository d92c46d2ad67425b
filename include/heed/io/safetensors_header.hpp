#pragma once

#include <heed/io/printable.hpp>
#include <heed/io/safetensors_format.hpp>

#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace heed { inline namespace v0_2 { namespace detail {

/// The entry of one tensor in the header of a safetensors file.
struct TensorEntry {
  Dtype dtype = Dtype::f32;
  std::string other_dtype;  ///< the name of the dtype, if it is `Dtype::other`
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0, end = 0;
};

struct SafetensorsHeader {
  std::map<std::string, TensorEntry, std::less<>> tensors;
  std::map<std::string, std::string, std::less<>> metadata;
};

/// SAX handler for the JSON of the header. Rejects the first element that is not allowed.
///
/// A document tree is not used: it keeps the last of duplicate keys, converts -1 to 2^64 - 1, and the file could make
/// it arbitrarily deep.
class HeaderHandler {
 public:
  HeaderHandler(std::string_view file, SafetensorsHeader& header) : file_(file), header_(header) {}

  bool null() {
    if (place_ == Place::top && name_ == "__metadata__") return true;  // some libraries write it without metadata
    return unexpected("null");
  }
  bool boolean(bool value) { return unexpected(value ? "true" : "false"); }
  bool number_integer(std::int64_t value) { return unexpected("the negative number " + std::to_string(value)); }
  bool number_float(double, const std::string& text) {
    return unexpected("a number that is not an integer below 2^64, " + in_quotes(text));
  }
  bool binary(std::vector<std::uint8_t>&) { return unexpected("binary data"); }

  bool number_unsigned(std::uint64_t value) {
    if (place_ == Place::shape) {
      entry_->shape.push_back(value);
    } else if (place_ == Place::offsets && offsets_seen_ < 2) {
      (offsets_seen_++ == 0 ? entry_->begin : entry_->end) = value;
    } else {
      return unexpected("the number " + std::to_string(value));
    }
    return true;
  }

  bool string(std::string& value) {
    if (place_ == Place::metadata) {
      *value_ = std::move(value);
    } else if (place_ == Place::tensor && field_ == "dtype") {
      const auto row =
          std::find_if(dtype_table.begin(), dtype_table.end(), [&](const auto& known) { return known.name == value; });
      entry_->dtype = row == dtype_table.end() ? Dtype::other : row->dtype;
      if (entry_->dtype == Dtype::other) entry_->other_dtype = std::move(value);
    } else {
      return unexpected("the string " + in_quotes(value));
    }
    return true;
  }

  bool start_object(std::size_t) {
    if (place_ == Place::outside) {
      place_ = Place::top;
    } else if (place_ == Place::top) {
      place_ = name_ == "__metadata__" ? Place::metadata : Place::tensor;
    } else {
      return unexpected("an object");
    }
    return true;
  }

  bool key(std::string& key) {
    if (place_ == Place::top) {
      name_ = key;
      if (key == "__metadata__") {
        if (metadata_seen_) refuse("it occurs twice");
        metadata_seen_ = true;
        return true;
      }
      const auto [place, fresh] = header_.tensors.try_emplace(std::move(key));
      if (!fresh) refuse("two tensors have this name");
      entry_ = &place->second;
      dtype_seen_ = shape_seen_ = range_seen_ = false;
    } else if (place_ == Place::metadata) {
      field_ = key;
      const auto [place, fresh] = header_.metadata.try_emplace(std::move(key));
      if (!fresh) refuse("the key " + in_quotes(field_) + " occurs twice");
      value_ = &place->second;
    } else {
      field_ = std::move(key);
      bool* const seen = field_ == "dtype"          ? &dtype_seen_
                         : field_ == "shape"        ? &shape_seen_
                         : field_ == "data_offsets" ? &range_seen_
                                                    : nullptr;
      if (seen == nullptr) refuse("the field " + in_quotes(field_) + " is not known");
      if (*seen) refuse("the field " + in_quotes(field_) + " occurs twice");
      *seen = true;
    }
    return true;
  }

  bool end_object() {
    if (place_ == Place::tensor) {
      for (const auto& [seen, field] :
           {std::pair{dtype_seen_, "dtype"}, std::pair{shape_seen_, "shape"}, std::pair{range_seen_, "data_offsets"}}) {
        if (!seen) refuse("the field " + in_quotes(field) + " is missing");
      }
    }
    place_ = place_ == Place::top ? Place::outside : Place::top;
    return true;
  }

  bool start_array(std::size_t) {
    if (place_ == Place::tensor && field_ == "shape") {
      place_ = Place::shape;
    } else if (place_ == Place::tensor && field_ == "data_offsets") {
      place_ = Place::offsets;
      offsets_seen_ = 0;
    } else {
      return unexpected("an array");
    }
    return true;
  }

  bool end_array() {
    if (place_ == Place::offsets && offsets_seen_ != 2) {
      refuse("\"data_offsets\" has " + std::to_string(offsets_seen_) + " numbers; expected 2, begin and end");
    }
    place_ = Place::tensor;
    return true;
  }

  template <class Exception>
  bool parse_error(std::size_t position, const std::string&, const Exception& exception) {
    const std::string_view what = exception.what();  // "[name and number] reason"; may quote the whole file
    fail(std::string(file_) + ": the header is not valid JSON at its byte " + std::to_string(position) + ": " +
         plain_text(what.substr(what.find("] ") + 2), 240));
  }

 private:
  enum class Place { outside, top, metadata, tensor, shape, offsets };

  [[noreturn]] void refuse(const std::string& problem) const {
    fail(std::string(file_) + ": the header" + (name_.empty() ? "" : ", at " + in_quotes(name_)) + ": " + problem);
  }

  [[noreturn]] bool unexpected(const std::string& found) const {
    refuse("expected " + std::string(expected()) + " but found " + found);
  }

  std::string_view expected() const {
    switch (place_) {
      case Place::outside:
      case Place::top:
        return "an object";
      case Place::metadata:
        return "strings only";
      case Place::shape:
        return "non-negative integers in \"shape\"";
      case Place::offsets:
        return "two non-negative integers in \"data_offsets\", begin and end,";
      case Place::tensor:
        break;
    }
    return field_ == "dtype"   ? "a string for \"dtype\""
           : field_ == "shape" ? "an array for \"shape\""
                               : "an array for \"data_offsets\"";
  }

  std::string_view file_;
  SafetensorsHeader& header_;
  Place place_ = Place::outside;
  std::string name_, field_;
  TensorEntry* entry_ = nullptr;
  std::string* value_ = nullptr;
  std::size_t offsets_seen_ = 0;
  bool metadata_seen_ = false, dtype_seen_ = false, shape_seen_ = false, range_seen_ = false;
};

/// Replaces the white space outside of strings by spaces. In an error message the parser quotes all text since the
/// previous element several times, with eight characters for every line end; with spaces the message is shorter.
inline void spaces_only(std::span<char> json) {
  bool quoted = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '"') {
      quoted = !quoted;
    } else if (quoted) {
      i += json[i] == '\\';
    } else if (json[i] == '\n' || json[i] == '\r' || json[i] == '\t') {
      json[i] = ' ';
    }
  }
}

/// Parses the JSON of a header and modifies its white space. Memory stays within a small multiple of the text's length.
inline SafetensorsHeader parse_safetensors_header(std::span<char> text, std::string_view file) {
  spaces_only(text);
  const std::string_view json(text.data(), text.size());
  require(!json.empty() && json.front() == '{',
          [&] { return std::string(file) + ": the header does not begin with '{'; is this a safetensors file?"; });
  // The parser treats a zero byte as the end of its input and would ignore everything after it.
  require(json.find('\0') == std::string_view::npos, [&] {
    return std::string(file) + ": the header has a zero byte at its byte " + std::to_string(json.find('\0'));
  });
  SafetensorsHeader header;
  HeaderHandler handler(file, header);
  nlohmann::json::sax_parse(json.begin(), json.end(), &handler);
  return header;
}

}}}  // namespace heed::v0_2::detail
