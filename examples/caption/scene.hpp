#pragma once

#include <heed/core/random.hpp>
#include <heed/layers/windows.hpp>
#include <heed/text/words.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace examples {

/// A shape of one colour in a picture. Coordinates are in pixels; y points down.
struct Figure {
  std::size_t shape = 0, colour = 0;
  double x = 0, y = 0, radius = 0;
};

/// The figures in a picture, and its caption.
struct Scene {
  std::vector<Figure> figures;
  heed::Words caption;
  std::vector<std::optional<std::size_t>> named;  ///< for every caption word: the figure whose shape it names
};

/// Pictures of one to three figures in a row or a column, and captions, generated from a seed. Examples of captions:
///
///   a white cross
///   a red circle left of a blue square
///   a green triangle above a yellow cross above a red cross
class Scenes {
 public:
  static constexpr heed::Grid grid{28, 28};
  static constexpr heed::Index channels = 5;  ///< red, green, blue, and the position of the pixel: x and y in [-1, 1]
  static constexpr std::array<std::string_view, 4> shapes{"circle", "square", "triangle", "cross"};
  static constexpr std::array<std::string_view, 6> colours{"red", "green", "blue", "yellow", "purple", "white"};

  /// Each scene has 1 to `most` figures, at most 3.
  explicit Scenes(std::uint64_t seed, std::size_t most = 3) : seed_(seed), max_(most) {}

  /// Scene `number` of this seed.
  Scene scene(std::uint64_t number) const {
    heed::Random random(seed_, 2 * number);
    const std::size_t count = 1 + random.below(max_);
    const bool row = random.below(2) == 1;
    Scene scene;
    while (scene.figures.empty()) {  // repeat until the positions clearly fit the caption
      for (std::size_t i = 0; i < count; ++i) scene.figures.push_back(figure(random));
      std::sort(scene.figures.begin(), scene.figures.end(),
                [&](const Figure& a, const Figure& b) { return row ? a.x < b.x : a.y < b.y; });
      if (!in_order(scene.figures, row)) scene.figures.clear();
    }
    for (std::size_t i = 0; i < count; ++i) {
      const Figure& figure = scene.figures[i];
      for (const std::string_view word : i == 0 ? no_words : row ? left_of : above) say(scene, word);
      say(scene, "a");
      say(scene, colours[figure.colour]);
      say(scene, shapes[figure.shape], i);
    }
    return scene;
  }

  /// Writes the pixels of scene `number` (channels x pixels), with noise.
  void draw(std::uint64_t number, const Scene& scene, std::span<float> pixels) const {
    heed::Random random(seed_, 2 * number + 1);
    const double ground = random.uniform(0.05, 0.2);
    std::size_t at = 0;
    for (heed::Index y = 0; y < grid.height; ++y) {
      for (heed::Index x = 0; x < grid.width; ++x) {
        std::array<double, 3> rgb{ground, ground, ground};
        for (const Figure& figure : scene.figures) {
          const double share = coverage(figure, x, y);
          for (std::size_t c = 0; c < 3; ++c) rgb[c] += share * (paint[figure.colour][c] - rgb[c]);
        }
        for (const double value : rgb) pixels[at++] = static_cast<float>(value + random.uniform(-0.05, 0.05));
        pixels[at++] = 2 * static_cast<float>(x) / static_cast<float>(grid.width - 1) - 1;
        pixels[at++] = 2 * static_cast<float>(y) / static_cast<float>(grid.height - 1) - 1;
      }
    }
  }

  /// The fraction of a pixel that a figure covers, estimated from the distance of the pixel's centre to the outline.
  static double coverage(const Figure& figure, heed::Index x, heed::Index y) {
    const double dx = std::abs(static_cast<double>(x) + 0.5 - figure.x), dy = static_cast<double>(y) + 0.5 - figure.y;
    return std::clamp(0.5 - outside(figure.shape, figure.radius, dx, dy), 0.0, 1.0);
  }

  /// True if a figure covers any pixel of cell `place` of a grid that divides the picture into equal cells.
  static bool touches(const Figure& figure, heed::Grid places, heed::Index place) {
    const heed::Index height = grid.height / places.height, width = grid.width / places.width;
    const heed::Index top = place / places.width * height, left = place % places.width * width;
    for (heed::Index y = top; y < top + height; ++y) {
      for (heed::Index x = left; x < left + width; ++x) {
        if (coverage(figure, x, y) > 0) return true;
      }
    }
    return false;
  }

  /// All words of the captions, for a vocabulary.
  static std::vector<heed::Words> words() {
    heed::Words all{"a", "left", "of", "above"};
    all.insert(all.end(), colours.begin(), colours.end());
    all.insert(all.end(), shapes.begin(), shapes.end());
    return {all};
  }

 private:
  using WordList = std::span<const std::string_view>;
  static constexpr std::array<std::string_view, 2> to_the_left{"left", "of"};
  static constexpr std::array<std::string_view, 1> on_top{"above"};
  static constexpr WordList no_words{}, left_of{to_the_left}, above{on_top};
  static constexpr std::array<std::array<double, 3>, 6> paint{
      {{0.85, 0.2, 0.2}, {0.2, 0.7, 0.3}, {0.25, 0.4, 0.95}, {0.95, 0.85, 0.2}, {0.65, 0.3, 0.8}, {0.95, 0.95, 0.95}}};

  /// The distance of a point to the outline of a shape, negative inside. (dx, dy) is the point relative to the centre,
  /// with the absolute value of dx.
  static double outside(std::size_t shape, double radius, double dx, double dy) {
    const double along = std::abs(dy);
    switch (shape) {
      case 0:
        return std::hypot(dx, dy) - radius;
      case 1:
        return std::max(dx, along) - 0.85 * radius;
      case 2:
        return std::max(dy - 0.6 * radius, (1.7 * dx - dy - 1.1 * radius) / 1.97);
      default:
        return std::max(std::min(dx, along) - 0.33 * radius, std::max(dx, along) - radius);
    }
  }

  static Figure figure(heed::Random& random) {
    Figure result{random.below(shapes.size()), random.below(colours.size()), 0, 0, random.uniform(2.8, 3.8)};
    result.x = random.uniform(result.radius + 1, static_cast<double>(grid.width) - result.radius - 1);
    result.y = random.uniform(result.radius + 1, static_cast<double>(grid.height) - result.radius - 1);
    return result;
  }

  /// True if each figure is to the right of the previous one (for a row) or below it (for a column), does not touch it,
  /// and is farther from it in this direction than in the other one.
  static bool in_order(const std::vector<Figure>& figures, bool row) {
    for (std::size_t i = 1; i < figures.size(); ++i) {
      const Figure &a = figures[i - 1], &b = figures[i];
      const double x = b.x - a.x, y = b.y - a.y, along = row ? x : y, across = std::abs(row ? y : x);
      if (along < a.radius + b.radius + 1 || along < across + 3) return false;
    }
    return true;
  }

  static void say(Scene& scene, std::string_view word, std::optional<std::size_t> named = {}) {
    scene.caption.emplace_back(word);
    scene.named.push_back(named);
  }

  std::uint64_t seed_;
  std::size_t max_;
};

}  // namespace examples
