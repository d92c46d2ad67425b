#pragma once

#include <heed/core/errors.hpp>
#include <heed/io/svg.hpp>

#include <numeric>
#include <span>

namespace heed { inline namespace v0_2 {

/// Title and axes of a chart. The x axis has one position for every name in `x_ticks`.
struct ChartOptions {
  std::string title = {}, x_label = {}, y_label = {};  ///< not drawn if empty
  std::vector<std::string> x_ticks = {};               ///< from left to right
  double y_min = 0, y_max = 100;                       ///< range of the y axis
};

/// One line of a chart: a value for every x tick. NaN is a missing value; the line has a gap there.
struct Series {
  std::string name;            ///< drawn at the end of the line
  std::vector<double> values;  ///< within the range of the y axis
  std::string colour = {};     ///< a CSS colour; if empty, a default colour
};

namespace detail {

inline void check_chart(const ChartOptions& options, std::span<const Series> series) {
  require(!options.x_ticks.empty(), [] { return "line chart: there are no x ticks"; });
  require(!series.empty(), [] { return "line chart: there are no series"; });
  const double size = std::max(std::abs(options.y_min), std::abs(options.y_max));
  require(size <= 1e9 && options.y_max - options.y_min > 1e-9 * std::max(size, 1.0), [&] {
    return "line chart: y_min must be less than y_max and both within 1e9 of zero, got " +
           std::to_string(options.y_min) + " and " + std::to_string(options.y_max);
  });
  for (const Series& line : series) {
    require(line.values.size() == options.x_ticks.size(), [&] {
      return "line chart: series " + in_quotes(line.name) + " must have one value per x tick, got " +
             std::to_string(line.values.size()) + " values and " + std::to_string(options.x_ticks.size()) + " x ticks";
    });
    for (const double value : line.values) {
      require(std::isnan(value) || (value >= options.y_min && value <= options.y_max), [&] {
        return "line chart: series " + in_quotes(line.name) + " has the value " + std::to_string(value) + ", outside " +
               std::to_string(options.y_min) + " to " + std::to_string(options.y_max);
      });
    }
  }
}

/// Draws a marker. Its shape depends on the line, so that lines differ not only in colour.
inline std::string marker(std::size_t kind, double x, double y) {
  const auto point = [&](double dx, double dy) { return decimal(x + dx, 1) + ',' + decimal(y + dy, 1) + ' '; };
  switch (kind % 4) {
    case 0:
      return "<circle" + attribute("cx", x) + attribute("cy", y) + " r=\"4.5\"";
    case 1:
      return "<rect" + attribute("x", x - 4) + attribute("y", y - 4) + " width=\"8\" height=\"8\"";
    case 2:
      return "<polygon points=\"" + point(0, -5.5) + point(5.2, 4) + point(-5.2, 4) + '"';
    default:
      return "<polygon points=\"" + point(0, -6) + point(6, 0) + point(0, 6) + point(-6, 0) + '"';
  }
}

/// Moves labels apart that would overlap. Keeps their order and, if there is room, keeps them within [low, high].
inline void spread(std::vector<double>& places, double distance, double low, double high) {
  std::vector<std::size_t> order(places.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return places[a] < places[b]; });
  double limit = high;
  for (auto i = order.rbegin(); i != order.rend(); ++i) {
    places[*i] = std::min(places[*i], limit);
    limit = places[*i] - distance;
  }
  limit = low;
  for (const std::size_t i : order) {
    places[i] = std::max(places[i], limit);
    limit = places[i] + distance;
  }
}

/// Returns the distance between grid lines, for about five lines: 1, 2 or 5 times a power of ten.
inline double grid_step(double range) {
  const double power = std::pow(10.0, std::floor(std::log10(range / 5)));
  const double rest = range / 5 / power;
  return power * (rest < 1.5 ? 1 : rest < 3.5 ? 2 : rest < 7.5 ? 5 : 10);
}

}  // namespace detail

/// Draws a line chart. Returns a complete SVG file: markers have tooltips, and each line ends with its name and its
/// last value: `attention: 90.0`.
///
/// Texts may be any bytes. Throws heed::Error if there are no ticks or no series, if the y range is invalid, if a
/// series does not have one value per tick, or if a value is out of range.
inline std::string line_chart_svg(const ChartOptions& options, std::span<const Series> series) {
  using namespace detail;
  check_chart(options, series);
  constexpr std::array<std::string_view, 6> colours{"#1f6fb4", "#d1495b", "#2a8f5b", "#8a5fbf", "#c77d0a", "#4a5568"};
  constexpr double height = 300, margin = 20, row = 18, max_label = 40;
  const auto cut = static_cast<std::size_t>(max_label);
  double widest_tick = 0, widest_name = 0;
  for (const std::string& tick : options.x_ticks) widest_tick = std::max(widest_tick, text_width(tick, cut));
  for (const Series& line : series) widest_name = std::max(widest_name, text_width(line.name, cut));
  const double spacing = std::max(widest_tick + 16, 78.0);
  const double left = margin + (options.y_label.empty() ? 40.0 : 60.0);
  const double top = margin + (options.title.empty() ? 4.0 : 36.0);
  const double right = left + spacing * static_cast<double>(options.x_ticks.size());
  const double bottom = top + height;
  const double width = std::max(right + 30 + widest_name + 60, 2 * margin + text_width(options.title) * 1.3);
  const auto x_of = [&](std::size_t i) { return left + (static_cast<double>(i) + 0.5) * spacing; };
  const auto y_of = [&](double value) {
    return bottom - height * (value - options.y_min) / (options.y_max - options.y_min);
  };
  const double step = grid_step(options.y_max - options.y_min);
  const int digits = std::clamp(static_cast<int>(-std::floor(std::log10(step))), 0, 9);
  const std::string_view soft = " fill=\"#52606d\"", middle = " text-anchor=\"middle\"";

  std::string svg = svg_open(width, bottom + (options.x_label.empty() ? 40 : 64),
                             options.title.empty() ? "line chart" : options.title);
  if (!options.title.empty()) {
    svg += svg_text(margin, margin + 14, " font-size=\"16\" font-weight=\"600\"", xml_text(options.title));
  }
  const auto first_line = static_cast<long>(std::ceil(options.y_min / step - 1e-9));
  const auto last_line = static_cast<long>(std::floor(options.y_max / step + 1e-9));
  for (long k = first_line; k <= last_line; ++k) {
    const double y = y_of(static_cast<double>(k) * step);
    svg += "<line" + attribute("x1", left) + attribute("x2", right) + attribute("y1", y) + attribute("y2", y) +
           " stroke=\"" + (k == first_line ? "#7b8794" : "#e3e8ee") + "\"/>\n";
    svg += svg_text(left - 10, y + 4.5, std::string(soft) + " text-anchor=\"end\"",
                    decimal(static_cast<double>(k) * step, digits));
  }
  for (std::size_t i = 0; i < options.x_ticks.size(); ++i) {
    svg += svg_text(x_of(i), bottom + 22, std::string(soft) + std::string(middle), xml_text(options.x_ticks[i], cut));
  }
  if (!options.x_label.empty()) {
    svg += svg_text((left + right) / 2, bottom + 48, middle, xml_text(options.x_label));
  }
  if (!options.y_label.empty()) {
    const double x = margin + 8, y = (top + bottom) / 2;
    svg +=
        svg_text(x, y, std::string(middle) + " transform=\"rotate(-90 " + decimal(x, 1) + ' ' + decimal(y, 1) + ")\"",
                 xml_text(options.y_label));
  }

  std::vector<double> labels;
  for (const Series& line : series) {
    const auto last = std::find_if(line.values.rbegin(), line.values.rend(), [](double v) { return !std::isnan(v); });
    labels.push_back(y_of(last == line.values.rend() ? options.y_min : *last));
  }
  spread(labels, row, top, bottom);
  for (std::size_t s = 0; s < series.size(); ++s) {
    const Series& line = series[s];
    const std::string colour = line.colour.empty() ? std::string(colours[s % colours.size()]) : xml_text(line.colour);
    std::string path, markers, last;
    bool drawing = false;
    double end_x = left, end_y = labels[s];
    for (std::size_t i = 0; i < line.values.size(); ++i) {
      const double value = line.values[i];
      if (std::isnan(value)) {
        drawing = false;
        continue;
      }
      end_x = x_of(i), end_y = y_of(value), last = decimal(value, digits + 1, true);
      path += (drawing ? " L" : " M") + decimal(end_x, 1) + ' ' + decimal(end_y, 1);
      drawing = true;
      markers += marker(s, end_x, end_y) + "><title>" + xml_text(line.name) + ", " + xml_text(options.x_ticks[i]) +
                 ": " + decimal(value, digits + 1) + "</title>" +
                 (s % 4 < 1   ? "</circle>"
                  : s % 4 < 2 ? "</rect>"
                              : "</polygon>") +
                 '\n';
    }
    const double label_x = right + 14;
    svg += "<g fill=\"" + colour + "\" stroke=\"" + colour + "\">\n<path fill=\"none\" stroke-width=\"2.2\" " +
           "stroke-linejoin=\"round\" d=\"" + (path.empty() ? path : path.substr(1)) + "\"/>\n";
    if (!path.empty()) {
      svg += "<path fill=\"none\" stroke-opacity=\"0.45\" stroke-dasharray=\"2 3\" d=\"M" + decimal(end_x + 7, 1) +
             ' ' + decimal(end_y, 1) + " L" + decimal(label_x - 4, 1) + ' ' + decimal(labels[s], 1) + "\"/>\n";
    }
    svg += "<g stroke=\"#ffffff\" stroke-width=\"1.2\">\n" + markers + marker(s, label_x + 4, labels[s]) +
           "/>\n</g>\n</g>\n";
    svg += svg_text(label_x + 14, labels[s] + 4.5, " font-weight=\"600\" fill=\"" + colour + '"',
                    xml_text(line.name, cut) + (last.empty() ? "" : ": " + last));
  }
  return svg + "</svg>\n";
}

}}  // namespace heed::v0_2
