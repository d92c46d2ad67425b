#pragma once

#include "support/files.hpp"

#include <heed/io/alignment_picture.hpp>
#include <heed/text/words.hpp>

namespace examples {

/// Draws what was looked at in the sentence of that number, from 1: `path` for the first, with -2 before its extension
/// for the second, ... A target without words has no picture. Throws if a picture would replace one of `inputs`.
inline void draw_alignment(const std::string& path, const std::vector<NamedFile>& inputs, std::size_t number,
                           const heed::Matrix<float>& weights, const heed::Words& source, const heed::Words& target) {
  if (target.empty()) return;
  std::filesystem::path numbered = path;
  if (number > 1) {
    const std::string extension = numbered.extension().string();
    numbered.replace_extension().concat("-" + std::to_string(number)).concat(extension);
  }
  check_outputs(inputs, {{"--alignment", numbered}});
  write_text_file(numbered, heed::alignment_svg(weights, source, target, ""));
}

}  // namespace examples
