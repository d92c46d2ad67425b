#pragma once

#include <cstdio>
#include <memory>
#include <string>

namespace heed::test {

/// Returns the text that use(file) writes to a temporary file.
template <class Use>
std::string text_written(const Use& use) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), &std::fclose);
  use(file.get());
  std::rewind(file.get());
  std::string text;
  for (int c = std::fgetc(file.get()); c != EOF; c = std::fgetc(file.get())) text += static_cast<char>(c);
  return text;
}

}  // namespace heed::test
