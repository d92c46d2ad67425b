#include "fuzz/feed.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// Feeds every file of a folder to a reader, which must accept some of them and reject some.
int main(int count, char** arguments) {
  namespace fs = std::filesystem;
  if (count != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", arguments[0]);
    return 2;
  }
  std::signal(SIGABRT, [](int) { std::_Exit(1); });  // exit code 1 instead of a crash; the problem has been printed
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(arguments[1])) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path& path : files) {
    // Printed before the file is read, so that the last name is the failing file.
    std::fprintf(stderr, "%s\n", path.string().c_str());
    std::ifstream in(path, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  std::printf(
      "%zu files: %zu accepted, %zu rejected, at most %.1f bytes of memory per input byte above the fixed allowance\n",
      files.size(), heed::test::accepted, heed::test::rejected, heed::test::max_per_byte);
  return heed::test::accepted > 0 && heed::test::rejected > 0 ? 0 : 1;
}
