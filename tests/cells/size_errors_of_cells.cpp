#include <heed/cells/any_cell.hpp>
#include <heed/cells/conventions.hpp>

#include "support/numbers.hpp"
#include "support/prepacked.hpp"
#include "support/size_errors.hpp"
#include "support/typed_parts.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace size_errors_of_cells_test {

using heed::Dynamic;
using heed::Index;
using heed::Matrix;
using size_errors::Argument;
using size_errors::expect_sizes_are_checked;

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
  return "ContextGruCell";
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

/// The calls of a cell. They are virtual functions, so that the tests are compiled once and not once per cell.
template <class S>
struct Calls {
  using In = heed::In<S>;
  using Out = heed::Out<S>;
  std::string name;
  Index input = 0, state = 0, saved = 0, gradient = 0;  ///< rows

  virtual ~Calls() = default;
  virtual void project(const In& x, Out to) = 0;
  virtual void add_projection(const In& x, Index first, Out to) = 0;
  virtual void step(Out kept, const In& s_prev, Out s) = 0;
  virtual void step_backward(const In& kept, const In& s_prev, Out d_s, Out d_a) = 0;
  virtual void project_backward(const In& d_a, Index first, Out d_x) = 0;
  virtual void accumulate(const In& x, Index first, const In& d_a) = 0;
  virtual void accumulate_recurrent(const In& s_prev, const In& d_a) = 0;

  std::vector<std::string> names(const std::string& function) const {
    std::vector<std::string> all{name + "." + function};
    if (name == "ContextGruCell") all.push_back("GruCell." + function);  // an inherited function
    return all;
  }
};

/// Gradients are accumulated in `grad`.
template <class C, class Grad>
struct CallsOf : Calls<typename C::Scalar> {
  using In = heed::In<typename C::Scalar>;
  using Out = heed::Out<typename C::Scalar>;
  C cell;
  Grad grad;

  CallsOf(const C& some_cell, const std::string& cell_name, const Grad& some_grad) : cell(some_cell), grad(some_grad) {
    this->name = cell_name;
    this->input = cell.input_size();
    this->state = cell.state_size();
    this->saved = cell.saved_size();
    this->gradient = cell.gradient_size();
  }
  void project(const In& x, Out to) override { cell.project(x, to); }
  void add_projection(const In& x, Index first, Out to) override { cell.add_projection(x, first, to); }
  void step(Out kept, const In& s_prev, Out s) override { cell.step(kept, s_prev, s); }
  void step_backward(const In& kept, const In& s_prev, Out d_s, Out d_a) override {
    cell.step_backward(kept, s_prev, d_s, d_a);
  }
  void project_backward(const In& d_a, Index first, Out d_x) override { cell.project_backward(d_a, first, d_x); }
  void accumulate(const In& x, Index first, const In& d_a) override { cell.accumulate(x, first, d_a, grad); }
  void accumulate_recurrent(const In& s_prev, const In& d_a) override { cell.accumulate_recurrent(s_prev, d_a, grad); }
};

/// Calls every function of a cell with arguments of every wrong size.
template <class S>
void expect_cell_checks_sizes(Calls<S>& cell) {
  const Argument x{"x", cell.input, n, Argument::at_most}, d_x{"d_x", cell.input, n, Argument::at_most};
  const Argument s_prev{"s_prev", cell.state, n}, s{"s", cell.state, n}, d_s{"d_s", cell.state, n};
  const Argument saved{"saved", cell.saved, n}, d_a{"d_a", cell.gradient, n};
  expect_sizes_are_checked<S>(cell.names("project"), {x, saved}, [&](auto& m) { cell.project(m[0], m[1]); });
  expect_sizes_are_checked<S>(cell.names("step"), {saved, s_prev, s}, [&](auto& m) { cell.step(m[0], m[1], m[2]); });
  expect_sizes_are_checked<S>(cell.names("step_backward"), {saved, s_prev, d_s, d_a},
                              [&](auto& m) { cell.step_backward(m[0], m[1], m[2], m[3]); });
  expect_sizes_are_checked<S>(cell.names("project_backward"), {d_a, d_x},
                              [&](auto& m) { cell.project_backward(m[0], 0, m[1]); });
  expect_sizes_are_checked<S>(cell.names("accumulate"), {x, d_a}, [&](auto& m) { cell.accumulate(m[0], 0, m[1]); });
  expect_sizes_are_checked<S>(cell.names("accumulate_recurrent"), {s_prev, d_a},
                              [&](auto& m) { cell.accumulate_recurrent(m[0], m[1]); });
}

/// A cell of the list, and the same cell with gradients of wrong sizes.
struct Case {
  std::unique_ptr<Calls<double>> cell;
  std::vector<std::unique_ptr<Calls<double>>> with_wrong_gradients;
};

template <class Make>
Case make_case() {
  const auto cell = Make::make(true);
  const auto with_gradient = [&](const auto& grad) -> std::unique_ptr<Calls<double>> {
    return std::make_unique<CallsOf<typename Make::Part, typename Make::Part>>(cell, name_of(cell), grad);
  };
  Case made{with_gradient(cell), {}};
  for (const auto& grad : {Make::sized(typed::input + 1, typed::hidden), Make::sized(typed::input, typed::hidden + 1),
                           Make::sized(typed::input, typed::hidden, false), Make::sized(0, 0)}) {
    made.with_wrong_gradients.push_back(with_gradient(grad));
  }
  return made;
}

using List = typed::Cells<double>;

template <std::size_t... I>
Case case_of(std::size_t line, std::index_sequence<I...>) {
  Case made;
  ((line == I ? void(made = make_case<std::tuple_element_t<I, List>>()) : void()), ...);
  return made;
}

/// The parameter is a line of the list of cells.
class CellSizes : public testing::TestWithParam<std::size_t> {
 protected:
  const Case made = case_of(GetParam(), std::make_index_sequence<std::tuple_size_v<List>>());
  Calls<double>& cell = *made.cell;
};

INSTANTIATE_TEST_SUITE_P(Cells, CellSizes, testing::Range(std::size_t{0}, std::tuple_size_v<List>));

TEST_P(CellSizes, RejectsWrongSizes) { expect_cell_checks_sizes(cell); }

TEST_P(CellSizes, RejectsBlocksBeyondTheInput) {
  Matrix<double> saved = Matrix<double>::Zero(cell.saved, n), d_a = Matrix<double>::Zero(cell.gradient, n);
  const auto message = [&](Index first, Index rows) {
    Matrix<double> x = Matrix<double>::Ones(rows, n);
    const std::string project = refusal([&] { cell.add_projection(x, first, saved); });
    const std::string backward = refusal([&] { cell.project_backward(d_a, first, x); });
    const std::string accumulate = refusal([&] { cell.accumulate(x, first, d_a); });
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

TEST_P(CellSizes, RejectsGradientOfWrongSize) {
  const Matrix<double> x = Matrix<double>::Ones(cell.input, n), s = Matrix<double>::Ones(cell.state, n);
  const Matrix<double> d_a = Matrix<double>::Ones(cell.gradient, n);
  EXPECT_EQ(made.with_wrong_gradients.size(), 4u);
  for (const auto& wrong : made.with_wrong_gradients) {
    for (const std::string& message :
         {refusal([&] { wrong->accumulate(x, 0, d_a); }), refusal([&] { wrong->accumulate_recurrent(s, d_a); })}) {
      EXPECT_NE(message.find(cell.names("accumulate").back()), std::string::npos) << message;
      EXPECT_NE(message.find(": grad."), std::string::npos) << message;
    }
  }
}

TEST_P(CellSizes, RejectsOverlappingStates) {
  const Index rows = cell.state;
  Matrix<double> saved = Matrix<double>::Zero(cell.saved, 2), states = Matrix<double>::Zero(2 * rows + 1, 4);
  const auto message = [&](const heed::In<double>& s_prev, heed::Out<double> s) {
    return refusal([&] { cell.step(saved, s_prev, s); });
  };
  EXPECT_EQ(message(states.block(0, 0, rows, 2), states.block(0, 0, rows, 2)),
            cell.names("step").back() + ": s must not overlap s_prev in memory");
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
  CallsOf packed_gru(prepacked(gru), "GruCell", gru);
  CallsOf packed_lstm(prepacked(lstm), "LstmCell", lstm);
  expect_cell_checks_sizes<float>(packed_gru);
  expect_cell_checks_sizes<float>(packed_lstm);
}

TEST(CellSizes, AnyCellRejectsWrongSizes) {
  const heed::AnyCell<double> any = heed::LstmCell<double>(typed::input, typed::hidden);
  CallsOf calls(any, "LstmCell", any);
  expect_cell_checks_sizes<double>(calls);
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
