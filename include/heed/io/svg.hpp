#pragma once

#include <heed/core/errors.hpp>
#include <heed/io/printable.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

/// Shared functions of the pictures: elements of an SVG file, and number formatting that does not depend on the locale.
namespace heed { inline namespace v0_2 { namespace detail {

/// Escapes `text` for the content of an XML element or of an attribute in double quotes, truncated to `most`
/// characters.
inline std::string xml_text(std::string_view text, std::size_t most = std::string_view::npos) {
  std::string result;
  for (const std::string& glyph : glyphs(text, most)) {
    result += glyph == "&"    ? "&amp;"
              : glyph == "<"  ? "&lt;"
              : glyph == ">"  ? "&gt;"
              : glyph == "\"" ? "&quot;"
              : glyph == "'"  ? "&#39;"
                              : glyph;
  }
  return result;
}

/// Estimates the width of a text at font size 13. The estimate is generous, because the font of the viewer is not
/// known.
inline double text_width(std::string_view text, std::size_t most = std::string_view::npos) {
  double width = 0;
  for (const std::string& glyph : glyphs(text, most)) {
    const char c = glyph.front();
    width += static_cast<unsigned char>(c) >= 0xe1                              ? 14.0  // from U+1000 on: mostly square
             : std::string_view("mwMW@%").find(c) != std::string_view::npos     ? 13.0
             : std::string_view("ijl.,:;'|!").find(c) != std::string_view::npos ? 4.5
             : c >= 'A' && c <= 'Z'                                             ? 9.5
                                                                                : 8.2;
  }
  return width;
}

/// Returns the width of a text at font size 13 in the preferred fonts of the pictures, Helvetica and Arial. The widths
/// of ASCII characters are exact, others are estimated.
inline double preferred_width(std::string_view text, std::size_t most = std::string_view::npos) {
  // From space to ~, in thousandths of the font size.
  constexpr std::array<int, 95> ascii{278,  278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
                                      556,  556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
                                      1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
                                      667,  778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
                                      333,  556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
                                      556,  556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584};
  double width = 0;
  for (const std::string& glyph : glyphs(text, most)) {
    const char c = glyph.front();
    width += glyph.size() == 1 && c >= ' ' && c <= '~' ? 0.013 * ascii[static_cast<std::size_t>(c - ' ')]
                                                       : text_width(glyph);
  }
  return width;
}

/// Formats a number with up to `digits` digits after a point (never a comma), without trailing zeros unless `all`.
inline std::string decimal(double value, int digits, bool all = false) {
  const double scale = std::pow(10.0, digits);
  if (std::abs(value) * scale > 9e18) return number_text(value, 15);  // too large for `scaled`
  const long long scaled = std::llround(std::abs(value) * scale);
  std::string text = std::to_string(scaled);
  const auto wanted = static_cast<std::size_t>(digits) + 1;
  if (text.size() < wanted) text.insert(0, wanted - text.size(), '0');
  if (digits > 0) text.insert(text.size() - static_cast<std::size_t>(digits), 1, '.');
  if (!all && digits > 0) text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return value < 0 && scaled != 0 ? '-' + text : text;
}

/// Returns ` name="value"`, for coordinates.
inline std::string attribute(std::string_view name, double value) {
  return ' ' + std::string(name) + "=\"" + decimal(value, 1) + '"';
}

/// Returns a text element. `style` holds further attributes, each with a leading space.
inline std::string svg_text(double x, double y, std::string_view style, std::string_view escaped) {
  return "<text" + attribute("x", x) + attribute("y", y) + std::string(style) + '>' + std::string(escaped) +
         "</text>\n";
}

/// Returns a text element, centred at x. Viewers with another font than the preferred ones draw ASCII text with the
/// same width. Parameters as `svg_text`.
inline std::string svg_fitted_text(double x, double y, std::string_view style, std::string_view text,
                                   std::size_t most) {
  std::string all = " text-anchor=\"middle\"";
  const bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (ascii && !text.empty() && text.size() <= most) {
    all += attribute("textLength", preferred_width(text)) + " lengthAdjust=\"spacingAndGlyphs\"";
  }
  return svg_text(x, y, all + std::string(style), xml_text(text, most));
}

/// Returns the start of a picture: its size, common fonts, and a white background, so that it is legible on a dark
/// page.
inline std::string svg_open(double width, double height, std::string_view title) {
  const std::string w = decimal(std::ceil(width), 0), h = decimal(std::ceil(height), 0);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + w + ' ' + h + "\" width=\"" + w + "\" height=\"" +
         h + "\" role=\"img\" font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\" font-size=\"13\" " +
         "fill=\"#1f2933\">\n<title>" + xml_text(title) + "</title>\n<rect width=\"" + w + "\" height=\"" + h +
         "\" fill=\"#ffffff\"/>\n";
}

}}}  // namespace heed::v0_2::detail
