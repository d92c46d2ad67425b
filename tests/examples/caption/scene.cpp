#include "../../../examples/caption/scene.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace scene_test {

using examples::Figure;
using examples::Scene;
using examples::Scenes;
using heed::Index;

TEST(Scenes, CaptionsDescribeTheFigures) {
  const Scenes scenes(1);
  std::map<std::size_t, int> counts;
  std::set<std::string> relations;
  for (std::uint64_t number = 0; number < 500; ++number) {
    const Scene scene = scenes.scene(number);
    const heed::Words& caption = scene.caption;
    ++counts[scene.figures.size()];
    ASSERT_EQ(caption.size(), scene.named.size());
    std::size_t next = 0;
    for (std::size_t t = 0; t < caption.size(); ++t) {
      if (!scene.named[t]) continue;
      ASSERT_EQ(*scene.named[t], next);
      const Figure& figure = scene.figures[next];
      EXPECT_EQ(caption[t], Scenes::shapes[figure.shape]);
      EXPECT_EQ(caption[t - 1], Scenes::colours[figure.colour]);
      EXPECT_EQ(caption[t - 2], "a");
      if (next > 0) {
        const Figure& before = scene.figures[next - 1];
        const double x = figure.x - before.x, y = figure.y - before.y;
        const std::string& relation = caption[t - 3];
        relations.insert(relation);
        EXPECT_GE(relation == "of" ? x - std::abs(y) : y - std::abs(x), 3) << heed::join_words(caption);
        EXPECT_GT(std::hypot(x, y), figure.radius + before.radius);
      }
      ++next;
    }
    EXPECT_EQ(next, scene.figures.size());
  }
  for (std::size_t count = 1; count <= 3; ++count) EXPECT_GT(counts[count], 100) << count;
  EXPECT_EQ(relations, (std::set<std::string>{"of", "above"}));
}

TEST(Scenes, DependOnSeedAndNumber) {
  const auto caption = [](std::uint64_t seed, std::uint64_t number) {
    return heed::join_words(Scenes(seed).scene(number).caption);
  };
  std::set<std::string> captions;
  for (std::uint64_t number = 0; number < 20; ++number) {
    EXPECT_EQ(caption(1, number), caption(1, number));
    captions.insert(caption(1, number));
    captions.insert(caption(2, number));
  }
  EXPECT_GT(captions.size(), 30u);
}

TEST(Scenes, DrawFiguresOnlyWhereTheyTouch) {
  const Scenes scenes(3);
  const heed::Grid places{7, 7};
  std::vector<float> pixels(static_cast<std::size_t>(Scenes::grid.places() * Scenes::channels)), empty = pixels;
  for (std::uint64_t number = 0; number < 20; ++number) {
    const Scene scene = scenes.scene(number);
    scenes.draw(number, scene, pixels);
    scenes.draw(number, {}, empty);  // the same background and the same noise
    for (Index place = 0; place < places.places(); ++place) {
      bool touched = false, differs = false;
      for (const Figure& figure : scene.figures) touched = touched || Scenes::touches(figure, places, place);
      for (Index pixel = 0; pixel < Scenes::grid.places(); ++pixel) {
        const Index y = pixel / Scenes::grid.width, x = pixel % Scenes::grid.width;
        if (y / 4 * 7 + x / 4 != place) continue;
        for (Index c = 0; c < Scenes::channels; ++c) {
          const auto at = static_cast<std::size_t>(pixel * Scenes::channels + c);
          differs = differs || pixels[at] != empty[at];
        }
      }
      EXPECT_EQ(differs, touched) << number << ' ' << place;
    }
  }
}

TEST(Scenes, UseOnlyListedWords) {
  const heed::Words all = Scenes::words().front();
  const std::set<std::string> known(all.begin(), all.end());
  EXPECT_EQ(known.size(), all.size());
  for (std::uint64_t number = 0; number < 100; ++number) {
    for (const std::string& word : Scenes(5).scene(number).caption) EXPECT_TRUE(known.contains(word)) << word;
  }
}

}  // namespace scene_test
