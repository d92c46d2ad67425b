#pragma once

#include "scene.hpp"

#include <heed/core/types.hpp>
#include <heed/io/svg.hpp>

namespace examples {

/// An image, its generated caption, and the attention weights and the gate of every word.
struct CaptionedImage {
  std::vector<float> pixels;    ///< from `Scenes::draw`
  heed::Words caption;          ///< without eos
  heed::Matrix<float> weights;  ///< positions of the feature map x words
  std::vector<float> gates;     ///< one per word
};

namespace detail {

constexpr double panel = 98, gap = 8, below = 40;  // pixels: a panel, the gap between two, the text below
constexpr std::size_t words_per_line = 7;

inline std::string colour(const float* rgb) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "#";
  for (int c = 0; c < 3; ++c) {
    const auto byte = static_cast<unsigned>(std::lround(255 * std::clamp(rgb[c], 0.0f, 1.0f)));
    text += {digits[byte / 16], digits[byte % 16]};
  }
  return text;
}

/// The squares of a grid that fills a panel. fill(place) returns the SVG attributes of a square; an empty string leaves
/// it out.
template <class Fill>
std::string squares(heed::Grid grid, const Fill& fill) {
  using heed::detail::attribute;
  const double width = panel / static_cast<double>(grid.width), height = panel / static_cast<double>(grid.height);
  std::string svg;
  for (heed::Index place = 0; place < grid.places(); ++place) {
    const std::string look = fill(place);
    if (look.empty()) continue;
    svg += "<rect" + attribute("x", width * static_cast<double>(place % grid.width)) +
           attribute("y", height * static_cast<double>(place / grid.width)) + attribute("width", width) +
           attribute("height", height) + look + "/>\n";
  }
  return svg;
}

/// The lines between the cells of a grid that fills a panel.
inline std::string grid_lines(heed::Grid grid) {
  using heed::detail::decimal;
  std::string path;
  for (heed::Index i = 0; i <= grid.width; ++i) {
    const double x = panel * static_cast<double>(i) / static_cast<double>(grid.width);
    path += 'M' + decimal(x, 1) + " 0V" + decimal(panel, 1);
  }
  for (heed::Index i = 0; i <= grid.height; ++i) {
    const double y = panel * static_cast<double>(i) / static_cast<double>(grid.height);
    path += "M0 " + decimal(y, 1) + 'H' + decimal(panel, 1);
  }
  return "<path d=\"" + path + "\" fill=\"none\" stroke=\"#ffffff\" stroke-opacity=\"0.3\" stroke-width=\"0.5\"/>\n";
}

/// The attention weights of word `word` over the image without colours, the word and its gate.
inline std::string word_panel(const CaptionedImage& image, std::size_t word, heed::Grid places, std::string_view name) {
  using heed::detail::attribute, heed::detail::decimal;
  const auto weights = image.weights.col(static_cast<heed::Index>(word));
  const float largest = weights.maxCoeff();
  std::string svg = "<use href=\"#" + std::string(name) + "\" filter=\"url(#grey)\"/>\n";
  svg += "<g fill=\"#ff8c00\" shape-rendering=\"crispEdges\">\n" + squares(places, [&](heed::Index place) {
           const std::string opacity = decimal(0.75 * static_cast<double>(weights(place) / largest), 2);
           return opacity == "0" ? std::string() : " fill-opacity=\"" + opacity + '"';
         });
  svg += "</g>\n" + grid_lines(places);
  svg += heed::detail::svg_text(panel / 2, panel + 16, " text-anchor=\"middle\"",
                                heed::detail::xml_text(image.caption[word]));
  return svg + heed::detail::svg_text(panel / 2, panel + 31,
                                      " text-anchor=\"middle\" font-size=\"11\" fill=\"#52606d\"",
                                      "gate " + decimal(static_cast<double>(image.gates[word]), 2, true));
}

}  // namespace detail

/// An SVG picture with the images below each other. On the right of an image, every word of its caption has a panel:
/// the image without colours, the attention weights in orange, the word and its gate (figure 2 of Xu et al. 2015). The
/// opacity of the orange is proportional to the weight divided by the word's largest weight.
inline std::string caption_svg(const std::vector<CaptionedImage>& images, heed::Grid places, std::string_view title) {
  using heed::detail::decimal;
  const auto lines = [](const CaptionedImage& image) {
    return std::max<std::size_t>((image.caption.size() + detail::words_per_line - 1) / detail::words_per_line, 1);
  };
  std::size_t columns = 1, rows = 0;
  for (const auto& image : images) {
    columns = std::max(columns, 1 + std::min(image.caption.size(), detail::words_per_line));
    rows += lines(image);
  }
  constexpr double margin = 16, top = 66;
  constexpr std::string_view explanation =
      "Orange: the weights, relative to the word's largest. Gate: factor of the context.";
  const auto x_of = [](std::size_t column) {
    return margin + static_cast<double>(column) * (detail::panel + detail::gap);
  };
  const auto y_of = [](std::size_t row) { return top + static_cast<double>(row) * (detail::panel + detail::below); };
  const auto translated = [&](std::size_t column, std::size_t row) {
    return "<g transform=\"translate(" + decimal(x_of(column), 1) + ' ' + decimal(y_of(row), 1) + ")\">\n";
  };
  std::string svg = heed::detail::svg_open(
      std::max(x_of(columns) - detail::gap, margin + heed::detail::text_width(explanation)) + margin, y_of(rows) + 4,
      title);
  svg += heed::detail::svg_text(margin, 30, " font-size=\"16\" font-weight=\"600\"", heed::detail::xml_text(title));
  svg += heed::detail::svg_text(margin, 52, " fill=\"#52606d\"", heed::detail::xml_text(explanation));
  svg +=
      "<defs><filter id=\"grey\" color-interpolation-filters=\"sRGB\"><feColorMatrix type=\"saturate\" "
      "values=\"0\"/></filter></defs>\n";
  std::size_t row = 0;
  for (std::size_t i = 0; i < images.size(); ++i) {
    const CaptionedImage& image = images[i];
    const std::string name = "image" + std::to_string(i);
    svg += translated(0, row) + "<g id=\"" + name + "\" shape-rendering=\"crispEdges\">\n" +
           detail::squares(Scenes::grid,
                           [&](heed::Index place) {
                             return " fill=\"" + detail::colour(image.pixels.data() + place * Scenes::channels) + '"';
                           }) +
           "</g>\n</g>\n";
    for (std::size_t word = 0; word < image.caption.size(); ++word) {
      svg += translated(1 + word % detail::words_per_line, row + word / detail::words_per_line) +
             detail::word_panel(image, word, places, name) + "</g>\n";
    }
    row += lines(image);
  }
  return svg + "</svg>\n";
}

}  // namespace examples
