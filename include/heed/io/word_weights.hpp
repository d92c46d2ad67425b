#pragma once

#include <heed/io/alignment_picture.hpp>
#include <heed/text/words.hpp>

#include <vector>

namespace heed { inline namespace v0_2 {

/// A line of words with one weight each, such as the weights of attention pooling, and a label, such as the predicted
/// class.
struct WeightedWords {
  std::string label;            ///< drawn before the line
  Words words;                  ///< words of the line
  std::vector<double> weights;  ///< one per word
};

namespace detail {

inline void check_word_weights(const WeightedWords& line) {
  require(line.words.size() == line.weights.size(), [&] {
    return "word weights: there must be one weight per word, got " + std::to_string(line.weights.size()) +
           " weights and " + std::to_string(line.words.size()) + " words";
  });
  for (std::size_t i = 0; i < line.words.size(); ++i) {
    require(std::isfinite(line.weights[i]),
            [&] { return "word weights: the weight of word " + std::to_string(i) + " is not finite"; });
  }
}

/// Returns true if text on a background of this weight must be light.
inline bool is_dark(double weight) { return weight > 0.5; }

}  // namespace detail

/// Draws lines of words. The background of a word is darker for a larger weight. Returns a complete SVG file with a
/// tooltip for every word and a colour scale.
///
/// White is 0 and dark is 1; other weights are clamped to [0, 1]. Long lines are wrapped. Texts may be any bytes.
/// Throws heed::Error if a line does not have one weight per word, or if a weight is not finite.
inline std::string word_weights_svg(std::span<const WeightedWords> lines, std::string_view title = "") {
  using namespace detail;
  constexpr double margin = 16, row = 26, pad = 4, between = 2, max_width = 680;
  double label_width = 0;
  for (const WeightedWords& line : lines) label_width = std::max(label_width, text_width(line.label, longest_label));
  const double left = margin + (label_width > 0 ? label_width + 16 : 0);
  double y = margin + (title.empty() ? 0 : 30), right = left;
  std::string body;
  for (const WeightedWords& line : lines) {
    check_word_weights(line);
    if (!line.label.empty()) body += svg_text(margin, y + 17, " fill=\"#52606d\"", xml_text(line.label, longest_label));
    double x = left;
    for (std::size_t i = 0; i < line.words.size(); ++i) {
      const double width = preferred_width(line.words[i], longest_label) + 2 * pad;
      if (x > left && x + width > left + max_width) x = left, y += row;
      body += "<g><title>" + xml_text(line.words[i]) + ": " + decimal(line.weights[i], 3, true) + "</title><rect" +
              attribute("x", x) + attribute("y", y) + attribute("width", width) + attribute("height", row - 4) +
              " rx=\"3\" fill=\"" + shade(line.weights[i]) + "\"/>" +
              svg_fitted_text(x + width / 2, y + 16, is_dark(line.weights[i]) ? " fill=\"#ffffff\"" : "", line.words[i],
                              longest_label) +
              "</g>\n";
      x += width + between;
      right = std::max(right, x);
    }
    y += row + 8;
  }
  const double scale = std::max(left, margin + 20);
  const double width = std::max({right + margin, 2 * margin + text_width(title) * 1.3, scale + 190});
  std::string svg = svg_open(width, y + margin + 20, title.empty() ? "word weights" : title);
  if (!title.empty()) svg += svg_text(margin, margin + 14, " font-size=\"16\" font-weight=\"600\"", xml_text(title));
  return svg + body + colour_scale(scale, y + 6) + "</svg>\n";
}

/// Formats one line of words for a terminal. Returns text without a line end.
///
/// With `colour`, the background of a word is darker for a larger weight; the text contains escape codes for 24-bit
/// colours. Without `colour`, the weight in hundredths follows each word, unless it rounds to 0: `truly/12 awful/80`.
/// Throws as `word_weights_svg`.
inline std::string word_weights_text(const WeightedWords& line, bool colour) {
  using namespace detail;
  check_word_weights(line);
  std::string text;
  for (std::size_t i = 0; i < line.words.size(); ++i) {
    if (i > 0) text += ' ';
    const std::string word = plain_text(line.words[i]);
    if (colour) {
      const std::string ground = shade(line.weights[i]);
      const auto channel = [&](std::size_t at) { return std::to_string(std::stoi(ground.substr(at, 2), nullptr, 16)); };
      text += "\x1b[48;2;" + channel(1) + ';' + channel(3) + ';' + channel(5) + 'm' +
              (is_dark(line.weights[i]) ? "\x1b[38;2;255;255;255m" : "\x1b[38;2;0;0;0m") + word + "\x1b[0m";
    } else {
      const auto hundredths = std::lround(100 * std::clamp(line.weights[i], 0.0, 1.0));
      text += hundredths > 0 ? word + '/' + std::to_string(hundredths) : word;
    }
  }
  return text;
}

}}  // namespace heed::v0_2
