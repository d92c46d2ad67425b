#pragma once

#include "support/temporary_data.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

namespace examples {

/// Sequences of items, one after the other, in memory or in a temporary file. `finish` must be called between the last
/// `add` and the first use of a sequence.
template <class Item>
class SequenceStore {
  static_assert(std::is_trivially_copyable_v<Item>);

 public:
  /// `folder` is the folder of the temporary file; if it is empty, the items are in memory.
  explicit SequenceStore(const std::filesystem::path& folder = {}) {
    if (!folder.empty()) file_.emplace(folder);
  }

  void add(std::span<const Item> sequence) {
    if (file_) {
      file_->write(std::as_bytes(sequence));
    } else {
      items_.insert(items_.end(), sequence.begin(), sequence.end());
    }
    ends_.push_back(items() + sequence.size());
  }

  void finish() {
    if (file_) file_->map();
  }

  std::size_t size() const { return ends_.size(); }

  /// The number of items of all sequences.
  std::size_t items() const { return ends_.empty() ? 0 : ends_.back(); }

  std::span<const Item> operator[](std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    const Item* const items = file_ ? reinterpret_cast<const Item*>(file_->bytes().data()) : items_.data();
    return {items + begin, ends_[i] - begin};
  }

 private:
  std::optional<TemporaryData> file_;
  std::vector<Item> items_;
  std::vector<std::size_t> ends_;  ///< end of each sequence in the items
};

}  // namespace examples
