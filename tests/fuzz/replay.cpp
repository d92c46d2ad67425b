#include "fuzz/feed.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// Feeds every file of a folder to a reader. Among them must be some that it takes and some that it refuses.
int main(int count, char** arguments) {
  namespace fs = std::filesystem;
  if (count != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", arguments[0]);
    return 2;
  }
  std::signal(SIGABRT, [](int) { std::_Exit(1); });  // a failure, not a crash: what is wrong has been said
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(arguments[1])) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path& path : files) {
    std::fprintf(stderr, "%s\n", path.string().c_str());  // before it is fed: the last one is the one to look at
    std::ifstream in(path, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  std::printf("%zu files: %zu taken, %zu refused, at most %.1f bytes of memory a byte beside what all may ask for\n",
              files.size(), heed::test::taken, heed::test::refused, heed::test::max_per_byte);
  return heed::test::taken > 0 && heed::test::refused > 0 ? 0 : 1;
}
