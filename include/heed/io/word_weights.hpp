#pragma once

#include <heed/io/alignment_picture.hpp>
#include <heed/text/words.hpp>

#include <vector>

namespace heed { inline namespace v0_2 {

/// A line of words with a weight each, as attention pooling gives them, and what the line was found to be.
struct WeightedWords {
  std::string label;            ///< stands before the line
  Words words;                  ///< the line
  std::vector<double> weights;  ///< one a word
};

namespace detail {

inline void check_word_weights(const WeightedWords& line) {
  require(line.words.size() == line.weights.size(), [&] {
    return "word weights: " + std::to_string(line.weights.size()) + " weights for " +
           std::to_string(line.words.size()) + " words";
  });
  for (std::size_t i = 0; i < line.words.size(); ++i) {
    require(std::isfinite(line.weights[i]),
            [&] { return "word weights: the weight of word " + std::to_string(i) + " is not finite"; });
  }
}

/// Whether text on this shade must be light to be read.
inline bool is_dark(double weight) { return weight > 0.5; }

}  // namespace detail

/// Lines of words, each word on a ground as dark as its weight: a whole SVG file, with a tooltip for every word.
///
/// White is 0 and dark is 1, what lies outside is drawn as the nearer of the two. Long lines are broken. Texts may be
/// any bytes. Throws if a line has not as many weights as words, or one that is not finite.
inline std::string word_weights_svg(std::span<const WeightedWords> lines, std::string_view title = "") {
  using namespace detail;
  constexpr double margin = 16, row = 26, pad = 5, between = 3, max_width = 760;
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
      const double width = text_width(line.words[i], longest_label) + 2 * pad;
      if (x > left && x + width > left + max_width) x = left, y += row;
      body +=
          "<g><title>" + xml_text(line.words[i]) + ": " + decimal(line.weights[i], 3, true) + "</title><rect" +
          attribute("x", x) + attribute("y", y) + attribute("width", width) + attribute("height", row - 4) +
          " rx=\"3\" fill=\"" + shade(line.weights[i]) + "\"/>" +
          svg_text(x + width / 2, y + 16,
                   is_dark(line.weights[i]) ? " text-anchor=\"middle\" fill=\"#ffffff\"" : " text-anchor=\"middle\"",
                   xml_text(line.words[i], longest_label)) +
          "</g>\n";
      x += width + between;
      right = std::max(right, x);
    }
    y += row + 8;
  }
  const double width = std::max(right + margin, 2 * margin + text_width(title) * 1.3);
  std::string svg = svg_open(width, y + margin - 8, title.empty() ? "word weights" : title);
  if (!title.empty()) svg += svg_text(margin, margin + 14, " font-size=\"16\" font-weight=\"600\"", xml_text(title));
  return svg + body + "</svg>\n";
}

/// The same for one line of text: with `colour` each word on a ground as dark as its weight, by the terminal's codes for
/// 24-bit colours; else the weight in hundredths after every word that has one: `truly/12 awful/80`.
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
