#include <heed/core/parameters.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace parameters_test {

using heed::Index;
using heed::Matrix;
using heed::ParameterName;
using heed::Vector;

struct Leaf {
  Matrix<float> W = Matrix<float>::Ones(2, 3);
  Vector<float> b = Vector<float>::Ones(2);
  Index not_a_parameter = 7;

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("b", self.b...);
    visit("not_a_parameter", self.not_a_parameter...);
  }
};

struct Tree {
  Leaf root;
  std::vector<Leaf> layers = std::vector<Leaf>(2);
  std::optional<Leaf> present = Leaf{}, absent;

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("root", self.root...);
    visit("layers", self.layers...);
    visit("present", self.present...);
    visit("absent", self.absent...);
  }
};

std::vector<std::string> names(const Tree& tree) {
  std::vector<std::string> result;
  heed::for_each_parameter([&](const ParameterName& name, const auto&) { result.push_back(name.str()); }, tree);
  return result;
}

TEST(ForEachParameter, ReportsWholePathAsName) {
  Tree tree;
  EXPECT_EQ(names(tree), (std::vector<std::string>{"root.W", "root.b", "layers.0.W", "layers.0.b", "layers.1.W",
                                                   "layers.1.b", "present.W", "present.b"}));
  tree.root.b.resize(0);  // an empty bias is not a parameter
  tree.layers.clear();
  tree.present.reset();
  EXPECT_EQ(names(tree), (std::vector<std::string>{"root.W"}));
}

TEST(ForEachParameter, VisitsSeveralPartsTogether) {
  Tree a;
  const Tree b = heed::zeros_like(a);
  Index visited = 0;
  heed::for_each_parameter(
      [&](const ParameterName& name, auto& x, const auto& y) {
        EXPECT_EQ(name.leaf(), x.cols() == 3 ? "W" : "b");
        EXPECT_EQ(x.size(), y.size());
        x = y;
        ++visited;
      },
      a, b);
  EXPECT_EQ(visited, 8);
  EXPECT_EQ(heed::squared_norm(a), 0);
}

TEST(Part, RequiresVisitParameters) {
  static_assert(heed::Part<Tree> && heed::Part<Leaf> && heed::Part<const Leaf>);
  static_assert(!heed::Part<Matrix<float>> && !heed::Part<int>);
}

TEST(Parameters, SupportCountZeroScaleAndAdd) {
  Tree tree;
  EXPECT_EQ(heed::parameter_count(tree), 4 * 8);
  EXPECT_EQ(heed::squared_norm(tree), 32);
  const Tree zeros = heed::zeros_like(tree);
  EXPECT_EQ(heed::parameter_count(zeros), 32);
  EXPECT_EQ(heed::squared_norm(zeros), 0);
  EXPECT_EQ(heed::squared_norm(tree), 32) << "the original does not change";
  EXPECT_EQ(zeros.root.not_a_parameter, 7);
  heed::scale(tree, 3.0f);
  EXPECT_EQ(heed::squared_norm(tree), 9 * 32);
  Tree total;
  heed::add(tree, total);
  EXPECT_EQ(heed::squared_norm(total), 16 * 32);
  heed::set_zero(total);
  EXPECT_EQ(heed::squared_norm(total), 0);
}

TEST(Parameters, SharesCoverAllWithoutOverlap) {
  const Tree ones;
  for (const Index count : {1, 2, 3, 7, 20}) {
    Tree total = ones;
    heed::set_zero(total);
    double squares = 0;
    for (Index i = 0; i < count; ++i) {
      heed::add(ones, total, {i, count});
      squares += heed::squared_norm(ones, {i, count});
    }
    EXPECT_EQ(squares, heed::squared_norm(ones));
    Tree emptied = ones;
    for (Index i = 0; i < count; ++i) {
      const double left = heed::squared_norm(emptied), share = heed::squared_norm(ones, {i, count});
      heed::set_zero(emptied, {i, count});
      EXPECT_EQ(heed::squared_norm(emptied), left - share);
    }
    EXPECT_EQ(heed::squared_norm(emptied), 0);
    heed::for_each_parameter(
        [](const ParameterName& name, const auto& x) { EXPECT_TRUE((x.array() == 1).all()) << name.str(); }, total);
  }
}

TEST(Parameters, AllFiniteDetectsNaNAndInfinity) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Tree tree;
    EXPECT_TRUE(heed::all_finite(tree));
    tree.layers[1].b(1) = bad;
    EXPECT_FALSE(heed::all_finite(tree));
  }
}

}  // namespace parameters_test
