#pragma once

#include "support/files.hpp"

#include <heed/io/alignment_picture.hpp>
#include <heed/text/words.hpp>

namespace examples {

/// `path` for the first sentence, with -2 before its extension for the second, ...
inline std::filesystem::path numbered_path(std::filesystem::path path, std::size_t number) {
  if (number == 1) return path;
  const std::string extension = path.extension().string();
  return path.replace_extension().concat("-" + std::to_string(number)).concat(extension);
}

/// Draws what was looked at in the sentence of that number, from 1, to its `numbered_path`. A target without words has
/// no picture. Throws if a picture would replace one of `inputs`.
inline void draw_alignment(const std::string& path, const std::vector<NamedFile>& inputs, std::size_t number,
                           const heed::Matrix<float>& weights, const heed::Words& source, const heed::Words& target) {
  if (target.empty()) return;
  const std::filesystem::path numbered = numbered_path(path, number);
  check_outputs(inputs, {{"--alignment", numbered}});
  write_text_file(numbered, heed::alignment_svg(weights, source, target, ""));
}

}  // namespace examples
