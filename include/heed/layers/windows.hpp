#pragma once

#include <heed/core/types.hpp>

#include <string>

namespace heed { inline namespace v0_2 {

/// The pixels of an image, or the places of a map that was made of one. A column of numbers (the channels) belongs to
/// each, row by row from the top left; images of one size stand side by side.
///
///     place (y, x) of image i:  column i * places + y * width + x
///
/// In memory that is one image after the other, channels last: a matrix with a column per image is another view of it.
struct Grid {
  Index height = 0, width = 0;  ///< in places

  /// How many there are.
  Index places() const { return height * width; }
  bool operator==(const Grid&) const = default;
};

namespace detail {

/// Throws unless x has this many rows and is whole images of a grid, side by side. Returns how many.
template <class X>
Index check_images(const char* function, const char* name, const X& x, Index rows, Grid grid) {
  const Index places = grid.places(), images = (x.cols() + places - 1) / places;
  check_noted_size(function, name, x, rows, images * places, " (whole images)");
  return images;
}

}  // namespace detail

/// What moves over a grid, `stride` places at a time, after `padding` places were added on every side of it.
struct Window {
  Index height = 1, width = 1, stride = 1, padding = 0;  ///< in places

  /// How many it sees, those of the padding included.
  Index places() const { return height * width; }

  /// The grid of its positions: whole windows only, so a last row or column may stay unseen. Throws if there is none.
  Grid positions(Grid grid) const {
    require(height >= 1 && width >= 1 && stride >= 1 && padding >= 0, [&] {
      return "Window: expected a size and a stride of 1 or more and a padding of 0 or more, not " + text() +
             " with stride " + std::to_string(stride) + " and padding " + std::to_string(padding);
    });
    const Index down = grid.height + 2 * padding - height, right = grid.width + 2 * padding - width;
    require(grid.height >= 1 && grid.width >= 1 && down >= 0 && right >= 0, [&] {
      return "Window: " + text() + " does not fit into a grid of " + std::to_string(grid.height) + " x " +
             std::to_string(grid.width) + " with padding " + std::to_string(padding);
    });
    return {down / stride + 1, right / stride + 1};
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("height", self.height...);
    visit("width", self.width...);
    visit("stride", self.stride...);
    visit("padding", self.padding...);
  }

 private:
  std::string text() const { return std::to_string(height) + " x " + std::to_string(width); }
};

}}  // namespace heed::v0_2
