#pragma once

#include "caption/scene.hpp"

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

constexpr double panel = 112, gap = 12, below = 40;  // pixels: a panel, the gap between two, the text below

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
/// it out. Squares overlap by 0.1 pixels: SVG viewers draw lines between squares that only touch.
template <class Fill>
std::string squares(heed::Grid grid, const Fill& fill) {
  using heed::detail::attribute;
  const double side = panel / static_cast<double>(grid.width);
  std::string svg;
  for (heed::Index place = 0; place < grid.places(); ++place) {
    const std::string look = fill(place);
    if (look.empty()) continue;
    svg += "<rect" + attribute("x", side * static_cast<double>(place % grid.width)) +
           attribute("y", side * static_cast<double>(place / grid.width)) + attribute("width", side + 0.1) +
           attribute("height", side + 0.1) + look + "/>\n";
  }
  return svg;
}

}  // namespace detail

/// An SVG picture with a row for every image: first the image, then for every word the darkened image with the
/// attention weights in white, the word and its gate (figure 2 of Xu et al. 2015). The opacity of the white is
/// proportional to the weight divided by the word's largest weight.
inline std::string caption_svg(const std::vector<CaptionedImage>& images, heed::Grid places, std::string_view title) {
  using heed::detail::decimal;
  std::size_t most = 0;
  for (const auto& image : images) most = std::max(most, image.caption.size());
  const auto step = [](std::size_t i) { return static_cast<double>(i); };
  const double margin = 16, top = 52, row = detail::panel + detail::below;
  std::string svg = heed::detail::svg_open(2 * margin + step(most + 1) * (detail::panel + detail::gap) - detail::gap,
                                           top + step(images.size()) * row + 4, title);
  svg += heed::detail::svg_text(margin, 30, " font-size=\"16\" font-weight=\"600\"", heed::detail::xml_text(title));
  for (std::size_t i = 0; i < images.size(); ++i) {
    const CaptionedImage& image = images[i];
    const std::string name = "image" + std::to_string(i);
    svg += "<defs><g id=\"" + name + "\" shape-rendering=\"crispEdges\">\n" +
           detail::squares(Scenes::grid,
                           [&](heed::Index place) {
                             return " fill=\"" + detail::colour(image.pixels.data() + place * Scenes::channels) + '"';
                           }) +
           "</g></defs>\n";
    for (std::size_t k = 0; k <= image.caption.size(); ++k) {
      const double x = margin + step(k) * (detail::panel + detail::gap);
      svg += "<g transform=\"translate(" + decimal(x, 1) + ' ' + decimal(top + step(i) * row, 1) +
             ")\">\n<use href=\"#" + name + "\"/>\n";
      if (k > 0) {
        const auto weights = image.weights.col(static_cast<heed::Index>(k - 1));
        const float largest = weights.maxCoeff();
        svg += "<rect" + heed::detail::attribute("width", detail::panel) +
               heed::detail::attribute("height", detail::panel) + " fill=\"#000000\" fill-opacity=\"0.55\"/>\n";
        svg += detail::squares(places, [&](heed::Index place) {
          const std::string opacity = decimal(0.85 * static_cast<double>(weights(place) / largest), 2);
          return opacity == "0" ? std::string() : " fill=\"#ffffff\" fill-opacity=\"" + opacity + '"';
        });
        const double middle = detail::panel / 2;
        svg += heed::detail::svg_text(middle, detail::panel + 16, " text-anchor=\"middle\"",
                                      heed::detail::xml_text(image.caption[k - 1]));
        svg += heed::detail::svg_text(middle, detail::panel + 31,
                                      " text-anchor=\"middle\" font-size=\"11\" fill=\"#52606d\"",
                                      "gate " + decimal(static_cast<double>(image.gates[k - 1]), 2, true));
      }
      svg += "</g>\n";
    }
  }
  return svg + "</svg>\n";
}

}  // namespace examples
