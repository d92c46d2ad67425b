#pragma once

#include <heed/core/types.hpp>
#include <heed/io/svg.hpp>

#include <span>

namespace heed { inline namespace v0_2 {

namespace detail {

/// Maximum length of a label in a picture, in characters. Longer labels are truncated; the tooltips of the SVG show
/// them in full.
inline constexpr std::size_t longest_label = 40;

using Labels = std::span<const std::string>;

inline void check_alignment(const Matrix<double>& weights, Labels source, Labels target) {
  const auto rows = static_cast<std::size_t>(weights.rows()), cols = static_cast<std::size_t>(weights.cols());
  require(rows == source.size() && cols == target.size(), [&] {
    return "alignment picture: the weights are " + std::to_string(rows) + " x " + std::to_string(cols) +
           ", but there are " + std::to_string(source.size()) + " source words (rows) and " +
           std::to_string(target.size()) + " target words (columns)";
  });
  for (Index i = 0; i < weights.cols(); ++i) {
    for (Index j = 0; j < weights.rows(); ++j) {
      require(std::isfinite(weights(j, i)), [&] {
        return "alignment picture: the weight of source word " + std::to_string(j) + " for target word " +
               std::to_string(i) + " is not finite";
      });
    }
  }
}

inline std::size_t longest(Labels words) {
  std::size_t most = 0;
  for (const std::string& word : words) most = std::max(most, width_of(word, longest_label));
  return most;
}

inline double widest(Labels words) {
  double most = 0;
  for (const std::string& word : words) most = std::max(most, text_width(word, longest_label));
  return most;
}

/// Colour of a weight: white at 0, dark blue at 1. Brightness decreases evenly, so the scale also works in greyscale.
inline std::string shade(double weight) {
  constexpr std::array<std::array<double, 3>, 6> stops{
      {{255, 255, 255}, {213, 229, 244}, {145, 190, 226}, {71, 141, 199}, {22, 88, 153}, {8, 41, 88}}};
  const double at = std::clamp(weight, 0.0, 1.0) * (stops.size() - 1);
  const std::size_t low = std::min(static_cast<std::size_t>(at), stops.size() - 2);
  std::string colour = "#";
  for (std::size_t c = 0; c < 3; ++c) {
    const double mixed = stops[low][c] + (at - static_cast<double>(low)) * (stops[low + 1][c] - stops[low][c]);
    const auto byte = static_cast<unsigned>(std::lround(mixed));
    constexpr std::string_view digits = "0123456789abcdef";
    colour += {digits[byte / 16], digits[byte % 16]};
  }
  return colour;
}

/// Draws the colours of the weights from 0 to 1. (x, y) is the upper left corner of the bar.
inline std::string colour_scale(double x, double y) {
  constexpr int steps = 40;
  constexpr double bar = 3;
  std::string svg;
  for (int k = 0; k < steps; ++k) {  // bars overlap by half a unit: viewers draw hairlines between adjacent bars
    svg += "<rect" + attribute("x", x + k * bar) + attribute("y", y) +
           attribute("width", k + 1 < steps ? bar + 0.5 : bar) + attribute("height", 10) + " fill=\"" +
           shade(k / (steps - 1.0)) + "\"/>\n";
  }
  svg += "<rect" + attribute("x", x) + attribute("y", y) + attribute("width", steps * bar) + attribute("height", 10) +
         " fill=\"none\" stroke=\"#b8c2cc\"/>\n";
  const std::string_view small = " font-size=\"11\" fill=\"#52606d\"";
  svg += svg_text(x - 10, y + 9, std::string(small) + " text-anchor=\"end\"", "0");
  return svg + svg_text(x + steps * bar + 8, y + 9, small, "1  weight");
}

inline std::string alignment_svg(const Matrix<double>& weights, Labels source, Labels target, std::string_view title) {
  check_alignment(weights, source, target);
  constexpr double cell = 28, margin = 16, slope = 0.7072, legend = 52;
  const auto columns = static_cast<double>(source.size()), rows = static_cast<double>(target.size());
  const double slanted = widest(source) * slope;
  const double heading = title.empty() ? 0 : 30;
  const double left = margin + std::max(widest(target), 30.0) + 8;
  const double top = margin + heading + slanted + 16;
  const double width = std::max({left + columns * cell + std::max(slanted - cell / 2 + 8, 0.0) + margin, left + 190,
                                 2 * margin + text_width(title) * 1.3});
  const double bottom = top + rows * cell;

  std::string svg = svg_open(width, bottom + legend, title.empty() ? "alignment" : title);
  if (!title.empty()) svg += svg_text(margin, margin + 14, " font-size=\"16\" font-weight=\"600\"", xml_text(title));
  for (std::size_t j = 0; j < source.size(); ++j) {
    const double x = left + (static_cast<double>(j) + 0.5) * cell + 4, y = top - 7;
    svg += svg_text(x, y, " transform=\"rotate(-45 " + decimal(x, 1) + ' ' + decimal(y, 1) + ")\"",
                    xml_text(source[j], longest_label));
  }
  svg += "<g stroke=\"#e3e8ee\">\n";
  for (std::size_t i = 0; i < target.size(); ++i) {
    for (std::size_t j = 0; j < source.size(); ++j) {
      const double weight = weights(static_cast<Index>(j), static_cast<Index>(i));
      svg += "<rect" + attribute("x", left + static_cast<double>(j) * cell) +
             attribute("y", top + static_cast<double>(i) * cell) + attribute("width", cell) +
             attribute("height", cell) + " fill=\"" + shade(weight) + "\"><title>" + xml_text(target[i]) +
             " \xe2\x86\x90 " + xml_text(source[j]) + ": " + decimal(weight, 3, true) + "</title></rect>\n";
    }
  }
  svg += "</g>\n";
  for (std::size_t i = 0; i < target.size(); ++i) {
    svg += svg_text(left - 8, top + (static_cast<double>(i) + 0.5) * cell + 4.5, " text-anchor=\"end\"",
                    xml_text(target[i], longest_label));
  }
  return svg + colour_scale(left, bottom + 18) + "</svg>\n";
}

inline std::string alignment_blocks(const Matrix<double>& weights, Labels source, Labels target) {
  check_alignment(weights, source, target);
  constexpr std::array<std::string_view, 5> blocks{" ", "\xe2\x96\x91", "\xe2\x96\x92", "\xe2\x96\x93", "\xe2\x96\x88"};
  constexpr std::string_view line = "\xe2\x94\x82";
  const std::size_t margin = longest(target);
  std::string picture;
  for (std::size_t j = 0; j < source.size(); ++j) {
    picture.append(margin + 1, ' ');
    for (std::size_t before = 0; before < j; ++before) picture += std::string(line) + ' ';
    picture += plain_text(source[j], longest_label) + '\n';
  }
  for (std::size_t i = 0; i < target.size(); ++i) {
    picture.append(margin - width_of(target[i], longest_label), ' ');
    std::string row = plain_text(target[i], longest_label) + ' ';
    for (std::size_t j = 0; j < source.size(); ++j) {
      const double weight = std::clamp(weights(static_cast<Index>(j), static_cast<Index>(i)), 0.0, 1.0);
      const std::string_view block = at(blocks, std::lround(weight * 4));
      row += block;
      row += block;
    }
    picture += row.substr(0, row.find_last_not_of(' ') + 1) + '\n';
  }
  return picture;
}

}  // namespace detail

/// Draws attention weights as a heat map. Returns a complete SVG file with a tooltip for every cell.
///
/// weights: source words x target words. The source words are the columns of the picture, the target words are its
/// rows. White is 0 and dark is 1; other weights are clamped to [0, 1]. Labels may be any bytes. Throws heed::Error if
/// the sizes do not match or a weight is not finite.
template <class Derived>
std::string alignment_svg(const Eigen::MatrixBase<Derived>& weights, std::span<const std::string> source,
                          std::span<const std::string> target, std::string_view title = "") {
  return detail::alignment_svg(Matrix<double>(weights.template cast<double>()), source, target, title);
}

/// Draws attention weights as a heat map for a terminal. Returns the lines as one string.
///
/// weights: source words x target words. Every source word has a separate line, and a vertical line leads from it to
/// its column. Below, every target word has a row of block characters. A cell is two blocks wide and about square. It
/// is blank for weights below 1/8 and full for weights from 7/8. Throws as `alignment_svg`.
template <class Derived>
std::string alignment_blocks(const Eigen::MatrixBase<Derived>& weights, std::span<const std::string> source,
                             std::span<const std::string> target) {
  return detail::alignment_blocks(Matrix<double>(weights.template cast<double>()), source, target);
}

}}  // namespace heed::v0_2
