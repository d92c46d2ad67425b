#pragma once

#include <heed/core/errors.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>

namespace examples {

/// Data that are written to a temporary file once, and then read through a memory map. The system keeps the pages in
/// use in memory and drops the others if memory is short. The file has no name, so it disappears with the process.
class TemporaryData {
 public:
  /// Creates the file. Throws heed::Error if that fails.
  explicit TemporaryData(const std::filesystem::path& folder) : folder_(folder.string()) {
    std::string name = (folder / "heed-XXXXXX").string();
    const int descriptor = ::mkstemp(name.data());
    check(descriptor >= 0, "cannot create a temporary file");
    ::unlink(name.c_str());
    file_.reset(::fdopen(descriptor, "w+b"));
    if (!file_) ::close(descriptor);
    check(file_ != nullptr, "cannot open a temporary file");
  }
  TemporaryData(TemporaryData&& other) noexcept
      : folder_(std::move(other.folder_)),
        file_(std::move(other.file_)),
        size_(std::exchange(other.size_, 0)),
        mapped_(std::exchange(other.mapped_, nullptr)) {}
  TemporaryData& operator=(TemporaryData&& other) noexcept {
    std::swap(folder_, other.folder_);
    std::swap(file_, other.file_);
    std::swap(size_, other.size_);
    std::swap(mapped_, other.mapped_);
    return *this;
  }
  ~TemporaryData() {
    if (mapped_ != nullptr) ::munmap(mapped_, size_);
  }

  /// Appends bytes. Throws heed::Error if that fails, for example because the disk is full.
  void write(std::span<const std::byte> bytes) {
    if (bytes.empty()) return;
    check(std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) == bytes.size(), "cannot write a temporary file");
    size_ += bytes.size();
  }

  /// Ends writing. Throws heed::Error if the file cannot be written or mapped.
  void map() {
    check(std::fflush(file_.get()) == 0, "cannot write a temporary file");
    if (size_ == 0) return;
    void* const mapped = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, ::fileno(file_.get()), 0);
    check(mapped != MAP_FAILED, "cannot map a temporary file");
    mapped_ = mapped;
  }

  /// The bytes that were written before `map`.
  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(mapped_), size_}; }

 private:
  void check(bool good, const char* problem) const {
    const int reason = errno;
    heed::require(good, [&] { return folder_ + ": " + problem + ": " + std::generic_category().message(reason); });
  }

  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  std::string folder_;
  std::unique_ptr<std::FILE, Close> file_;
  std::size_t size_ = 0;
  void* mapped_ = nullptr;
};

}  // namespace examples
