#include <heed/layers/windows.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

namespace windows_test {

using heed::Grid;
using heed::Index;
using heed::Window;

TEST(Window, CountsPositionsThatFit) {
  for (Index length = 1; length <= 9; ++length) {
    for (Index size = 1; size <= 4; ++size) {
      for (Index stride = 1; stride <= 3; ++stride) {
        for (Index padding = 0; padding <= 2; ++padding) {
          Index count = 0;
          for (Index from = -padding; from + size <= length + padding; from += stride) ++count;
          if (count == 0) continue;
          EXPECT_EQ((Window{.height = size, .stride = stride, .padding = padding}.positions({length, 5}).height),
                    count);
          EXPECT_EQ((Window{.width = size, .stride = stride, .padding = padding}.positions({5, length}).width), count);
        }
      }
    }
  }
}

TEST(Window, RejectsWindowsWithoutPosition) {
  EXPECT_EQ(refusal([] {
              Window{.height = 2, .width = 3}.positions({2, 2});
            }),
            "Window: 2 x 3 does not fit into a grid of 2 x 2 with padding 0");
  EXPECT_EQ(refusal([] {
              Window{.height = 3, .width = 3, .padding = 1}.positions({0, 4});
            }),
            "Window: 3 x 3 does not fit into a grid of 0 x 4 with padding 1");
  for (const Window window : {Window{.height = 0}, {.width = -1}, {.stride = 0}, {.padding = -1}}) {
    EXPECT_NE(refusal([&] {
                window.positions({4, 4});
              }).find("Window: height, width and stride must be at least 1"),
              std::string::npos);
  }
}

}  // namespace windows_test
