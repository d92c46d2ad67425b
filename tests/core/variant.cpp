#include <heed/core/variant.hpp>

#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

namespace variant_test {

using heed::Matrix;

struct One {
  Matrix<double> W = Matrix<double>::Ones(1, 1);
  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
  }
};

struct Two {
  Matrix<double> U = Matrix<double>::Ones(1, 1), V = Matrix<double>::Ones(2, 2);
  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("U", self.U...);
    visit("V", self.V...);
  }
};

struct Any {
  std::variant<One, Two> held;
  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    heed::detail::visit_alternative(visit, self.held...);
  }
};

std::vector<std::string> names(const Any& any) {
  std::vector<std::string> result;
  heed::for_each_parameter([&](const heed::ParameterName& name, const auto&) { result.push_back(name.str()); }, any);
  return result;
}

TEST(VisitAlternative, VisitsHeldPart) {
  EXPECT_EQ(names({One{}}), (std::vector<std::string>{"W"}));
  EXPECT_EQ(names({Two{}}), (std::vector<std::string>{"U", "V"}));
}

TEST(VisitAlternative, VisitsSeveralVariantsTogether) {
  Any model{Two{}};
  const Any gradient = model;
  heed::add(gradient, model);
  EXPECT_EQ(heed::parameter_count(model), 5);
  EXPECT_EQ(heed::squared_norm(model), 4 * 5);
  EXPECT_EQ(heed::squared_norm(heed::zeros_like(model)), 0);
}

TEST(Same, ReturnsPartOfSameType) {
  std::variant<One, Two> held = Two{};
  const Two part;
  EXPECT_EQ(&heed::detail::same(part, held), &std::get<Two>(held));
}

}  // namespace variant_test
