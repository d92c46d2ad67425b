#pragma once

#include <heed/core/types.hpp>

#include <string>

namespace heed { inline namespace v0_2 {

/// The height and width of an image or a feature map. In a matrix of such images, each pixel is one column, whose rows
/// are the channels. Pixels are in row-major order from the top left, and the images follow each other.
///
///     pixel (y, x) of image i:  column i * places + y * width + x
///
/// In memory this is the channels-last layout (NHWC), so a matrix with one column per image is another view of it.
struct Grid {
  Index height = 0, width = 0;  ///< in pixels

  /// The number of pixels.
  Index places() const { return height * width; }
  bool operator==(const Grid&) const = default;
};

namespace detail {

/// Throws unless x has `rows` rows and holds whole images of the grid. Returns the number of images.
template <class X>
Index check_images(const char* function, const char* name, const X& x, Index rows, Grid grid) {
  const Index places = grid.places(), images = (x.cols() + places - 1) / places;
  check_noted_size(function, name, x, rows, images * places, " (whole images)");
  return images;
}

}  // namespace detail

/// The window of a convolution or pooling layer. It moves over a grid in steps of `stride` pixels, after `padding`
/// pixels are added on every side of the grid.
struct Window {
  Index height = 1, width = 1, stride = 1, padding = 0;  ///< in pixels

  /// The number of pixels in the window, padding included.
  Index places() const { return height * width; }

  /// The grid of window positions, which is the size of the output. Windows do not extend beyond the padded grid, so
  /// its last rows or columns may be unused. Throws heed::Error if the height, width or stride is below 1, if the
  /// padding is negative, or if the window does not fit into the grid.
  Grid positions(Grid grid) const {
    require(height >= 1 && width >= 1 && stride >= 1 && padding >= 0, [&] {
      return "Window: height, width and stride must be at least 1 and padding at least 0, got " + text() +
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
