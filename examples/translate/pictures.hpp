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

/// A picture that is to be written to a file.
struct Picture {
  std::filesystem::path path;
  std::string text;  ///< SVG
};

/// Draws the attention weights of sentence `number`, from 1, for its `numbered_path`. The target must not be empty.
/// Throws heed::Error if the picture would replace one of `inputs`.
inline Picture draw_alignment(const std::string& path, const std::vector<NamedFile>& inputs, std::size_t number,
                              const heed::Matrix<float>& weights, const heed::Words& source,
                              const heed::Words& target) {
  Picture picture{numbered_path(path, number), heed::alignment_svg(weights, source, target, "")};
  check_outputs(inputs, {{"--alignment", picture.path}});
  return picture;
}

}  // namespace examples
