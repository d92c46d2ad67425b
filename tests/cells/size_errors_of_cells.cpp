#include <heed/cells/any_cell.hpp>
#include <heed/cells/conventions.hpp>

#include "support/numbers.hpp"
#include "support/prepacked.hpp"
#include "support/size_errors.hpp"
#include "support/typed_parts.hpp"

#include <gtest/gtest.h>

#include <string>

namespace size_errors_of_cells_test {

using heed::Dynamic;
using heed::Index;
using heed::Matrix;

constexpr Index n = 3;  ///< columns

template <class S, class A>
std::string name_of(const heed::RnnCell<S, Dynamic, Dynamic, A>&) {
  return "RnnCell";
}
template <class S>
std::string name_of(const heed::LstmCell<S>&) {
  return "LstmCell";
}
template <class S, heed::GruForm Form>
std::string name_of(const heed::GruCell<S, Dynamic, Dynamic, Form>&) {
  return "GruCell";
}
template <class S>
std::string name_of(const heed::ContextGruCell<S>&) {
  return "GruCell";  // it inherits `step`
}
template <class S>
std::string name_of(const heed::ProjectedLstmCell<S>&) {
  return "ProjectedLstmCell";
}
template <class S>
std::string name_of(const heed::LayerNormLstmCell<S>&) {
  return "LayerNormLstmCell";
}
template <class S>
std::string name_of(const heed::LayerNormGruCell<S>&) {
  return "LayerNormGruCell";
}

/// Calls every function of a cell with arguments of every wrong size; gradients are accumulated in `grad`.
template <class C, class Grad>
void expect_cell_checks_sizes(const C& cell, const std::string& name, Grad grad) {
  const Index input = cell.input_size(), state = cell.state_size(), saved = cell.saved_size();
  const Index gradient = cell.gradient_size();
  const Argument x{"x", input, n, Argument::at_most}, s_prev{"s_prev", state, n}, d_a{"d_a", gradient, n};
  using S = typename C::Scalar;
  expect_sizes_are_checked<S>(name + ".project", {x, {"saved", saved, n}}, [&](auto& m) { cell.project(m[0], m[1]); });
  expect_sizes_are_checked<S>(name + ".step", {{"saved", saved, n}, s_prev, {"s", state, n}},
                              [&](auto& m) { cell.step(m[0], m[1], m[2]); });
  expect_sizes_are_checked<S>(name + ".step_backward", {{"saved", saved, n}, s_prev, {"d_s", state, n}, d_a},
                              [&](auto& m) { cell.step_backward(m[0], m[1], m[2], m[3]); });
  expect_sizes_are_checked<S>(name + ".project_backward", {d_a, {"d_x", input, n, Argument::at_most}},
                              [&](auto& m) { cell.project_backward(m[0], 0, m[1]); });
  expect_sizes_are_checked<S>(name + ".accumulate", {x, d_a}, [&](auto& m) { cell.accumulate(m[0], 0, m[1], grad); });
  expect_sizes_are_checked<S>(name + ".accumulate_recurrent", {s_prev, d_a},
                              [&](auto& m) { cell.accumulate_recurrent(m[0], m[1], grad); });
}

template <class Line>
class CellSizes : public testing::Test {};
TYPED_TEST_SUITE(CellSizes, typed::EachCell);

TYPED_TEST(CellSizes, RejectsWrongSizes) {
  using Make = typename TypeParam::template Make<double>;
  const auto cell = Make::make(true);
  expect_cell_checks_sizes(cell, name_of(cell), cell);
}

TYPED_TEST(CellSizes, RejectsBlocksBeyondTheInput) {
  using Make = typename TypeParam::template Make<double>;
  const auto cell = Make::make(true);
  auto grad = heed::zeros_like(cell);
  Matrix<double> saved = Matrix<double>::Zero(cell.saved_size(), n),
                 d_a = Matrix<double>::Zero(cell.gradient_size(), n);
  const auto message = [&](Index first, Index rows) {
    Matrix<double> x = Matrix<double>::Ones(rows, n);
    const std::string project = refusal([&] { cell.add_projection(x, first, saved); });
    const std::string backward = refusal([&] { cell.project_backward(d_a, first, x); });
    const std::string accumulate = refusal([&] { cell.accumulate(x, first, d_a, grad); });
    EXPECT_EQ(project == "accepted", backward == "accepted");
    EXPECT_EQ(project == "accepted", accumulate == "accepted");
    return project.substr(project.find(": ") + 1);
  };
  EXPECT_EQ(message(0, 3), "accepted");
  EXPECT_EQ(message(1, 2), "accepted");
  EXPECT_EQ(message(3, 0), "accepted");
  EXPECT_EQ(message(1, 3), " x must be 2 x 3 or have fewer rows (input 3, first 1), got 3 x 3");
  EXPECT_EQ(message(3, 1), " x must be 0 x 3 or have fewer rows (input 3, first 3), got 1 x 3");
  EXPECT_EQ(message(4, 1), " first must be in [0, 3], got 4");
  EXPECT_EQ(message(-1, 1), " first must be in [0, 3], got -1");
}

TYPED_TEST(CellSizes, RejectsGradientOfWrongSize) {
  using Make = typename TypeParam::template Make<double>;
  const auto cell = Make::make(true);
  const Matrix<double> x = Matrix<double>::Ones(cell.input_size(), n), s = Matrix<double>::Ones(cell.state_size(), n);
  const Matrix<double> d_a = Matrix<double>::Ones(cell.gradient_size(), n);
  for (auto grad : {Make::sized(typed::input + 1, typed::hidden), Make::sized(typed::input, typed::hidden + 1),
                    Make::sized(typed::input, typed::hidden, false), Make::sized(0, 0)}) {
    for (const std::string& message : {refusal([&] { cell.accumulate(x, 0, d_a, grad); }),
                                       refusal([&] { cell.accumulate_recurrent(s, d_a, grad); })}) {
      EXPECT_NE(message.find(name_of(cell) + ".accumulate"), std::string::npos) << message;
      EXPECT_NE(message.find(": grad."), std::string::npos) << message;
    }
  }
}

TYPED_TEST(CellSizes, RejectsOverlappingStates) {
  using Make = typename TypeParam::template Make<double>;
  const auto cell = Make::make(true);
  const Index rows = cell.state_size();
  Matrix<double> saved = Matrix<double>::Zero(cell.saved_size(), 2), states = Matrix<double>::Zero(2 * rows + 1, 4);
  const auto message = [&](const auto& s_prev, auto s) { return refusal([&] { cell.step(saved, s_prev, s); }); };
  EXPECT_EQ(message(states.block(0, 0, rows, 2), states.block(0, 0, rows, 2)),
            name_of(cell) + ".step: s must not overlap s_prev in memory");
  EXPECT_NE(message(states.block(0, 0, rows, 2), states.block(0, 1, rows, 2)), "accepted");
  EXPECT_NE(message(states.block(0, 1, rows, 2), states.block(0, 0, rows, 2)), "accepted");
  EXPECT_NE(message(states.block(0, 0, rows, 2), states.block(1, 0, rows, 2)), "accepted");
  EXPECT_NE(message(states.block(rows, 0, rows, 2), states.block(rows - 1, 1, rows, 2)), "accepted");
  EXPECT_EQ(message(states.block(0, 0, rows, 2), states.block(0, 2, rows, 2)), "accepted");
  EXPECT_EQ(message(states.block(0, 0, rows, 2), states.block(rows, 0, rows, 2)), "accepted");  // interleaved
  EXPECT_EQ(message(states.block(rows + 1, 0, rows, 2), states.block(0, 1, rows, 2)), "accepted");
}

TEST(CellSizes, PackedCellsRejectWrongSizes) {
  const heed::GruCell<float> gru(typed::input, typed::hidden);
  const heed::LstmCell<float> lstm(typed::input, typed::hidden);
  expect_cell_checks_sizes(prepacked(gru), "GruCell", gru);
  expect_cell_checks_sizes(prepacked(lstm), "LstmCell", lstm);
}

TEST(CellSizes, AnyCellRejectsWrongSizes) {
  const heed::AnyCell<double> any = heed::LstmCell<double>(typed::input, typed::hidden);
  expect_cell_checks_sizes(any, "LstmCell", any);
}

TEST(CellSizes, RejectsWrongSizesOfEmptyBatch) {
  const heed::LstmCell<double> cell(typed::input, typed::hidden);
  Matrix<double> saved(cell.saved_size(), 0), s_prev(8, 0), s(8, 0), h(4, 0);
  EXPECT_EQ(refusal([&] { cell.step(saved, s_prev, s); }), "accepted");
  EXPECT_EQ(refusal([&] { cell.step(saved, s_prev, h); }), "LstmCell.step: s must be 8 x 0 (h above c), got 4 x 0");
}

// Common mistakes with the code of the cookbook.
TEST(LstmCell, RejectsStateWithoutCellState) {
  const heed::LstmCell<float> cell(4, 8);
  Eigen::VectorXf saved(cell.saved_size()), h = Eigen::VectorXf::Zero(8), next(8);
  cell.project(Eigen::VectorXf::Ones(4), saved);
  EXPECT_EQ(refusal([&] { cell.step(saved, h, next); }), "LstmCell.step: s_prev must be 16 x 1 (h above c), got 8 x 1");
  const Eigen::VectorXf state = Eigen::VectorXf::Zero(16);
  EXPECT_EQ(refusal([&] { cell.step(saved, state, next); }), "LstmCell.step: s must be 16 x 1 (h above c), got 8 x 1");
}

TEST(GruCell, RejectsInputStateAndSavedOfWrongSize) {
  const heed::GruCell<float> cell(4, 8);
  Eigen::VectorXf saved(cell.saved_size()), s = Eigen::VectorXf::Zero(8), next(8), small(8);
  EXPECT_EQ(refusal([&] { cell.project(Eigen::VectorXf::Ones(5), saved); }),
            "GruCell.project: x must be 4 x 1 or have fewer rows (input 4, first 0), got 5 x 1");
  EXPECT_EQ(refusal([&] { cell.project(Eigen::VectorXf::Ones(4), small); }),
            "GruCell.project: saved must be 32 x 1, got 8 x 1");
  cell.project(Eigen::VectorXf::Ones(4), saved);
  EXPECT_EQ(refusal([&] { cell.step(saved, Eigen::VectorXf::Zero(7), next); }),
            "GruCell.step: s_prev must be 8 x 1, got 7 x 1");
  EXPECT_EQ(refusal([&] { cell.step(small, s, next); }), "GruCell.step: saved must be 32 x 1, got 8 x 1");
  EXPECT_EQ(refusal([&] { cell.step(saved, s, s); }), "GruCell.step: s must not overlap s_prev in memory");
}

TEST(FixedSizeCell, RejectsMatricesOfWrongSize) {
  const heed::LstmCell<float, 4, 8> cell;
  Eigen::MatrixXf saved = Eigen::MatrixXf::Zero(40, 2), s_prev = Eigen::MatrixXf::Zero(16, 2), s(16, 2);
  const Eigen::MatrixXf x = Eigen::MatrixXf::Ones(4, 2);
  EXPECT_EQ(refusal([&] { cell.project(x, saved); }), "accepted");
  EXPECT_EQ(refusal([&] { cell.step(saved, s_prev, s); }), "accepted");
  Eigen::MatrixXf small = Eigen::MatrixXf::Zero(8, 2);
  const std::string message =
      "heed::In or heed::Out: an argument with a fixed number of rows must be 16 x 2, got 8 x 2";
  EXPECT_EQ(refusal([&] { cell.step(saved, small, s); }), message);
  EXPECT_EQ(refusal([&] { cell.step(saved, s_prev, small); }), message);
  EXPECT_EQ(refusal([&] { cell.step(saved, s_prev, small.leftCols(1)); }),
            "heed::In or heed::Out: an argument with a fixed number of rows must be 16 x 1, got 8 x 1");
  EXPECT_EQ(refusal([&] { cell.step(saved, s_prev, s.leftCols(1)); }),
            "LstmCell.step: s must be 16 x 2 (h above c), got 16 x 1");
  Eigen::Matrix<float, 16, 1> fixed;
  EXPECT_EQ(refusal([&] { cell.step(saved, s_prev, fixed); }),
            "LstmCell.step: s must be 16 x 2 (h above c), got 16 x 1");
}

}  // namespace size_errors_of_cells_test
