#include <heed/io/checkpoint.hpp>

#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace checkpoint_test {

namespace fs = std::filesystem;

template <class S, int Rows, int Cols>
struct Toy {
  heed::Parameter<S, Rows, Cols> W;
  heed::Parameter<S, Rows, 1> b;

  static void visit_parameters(auto&& visit, auto&... self) {
    visit("W", self.W...);
    visit("b", self.b...);
  }
};

template <class S, int Rows = heed::Dynamic, int Cols = heed::Dynamic>
struct Stack {
  std::vector<Toy<S, Rows, Cols>> layers;

  static void visit_parameters(auto&& visit, auto&... self) { visit("layers", self.layers...); }
};

template <class S, int Rows = heed::Dynamic, int Cols = heed::Dynamic>
Stack<S, Rows, Cols> stack_of(heed::Index layers, heed::Index rows, heed::Index cols, double first) {
  Stack<S, Rows, Cols> stack;
  stack.layers.resize(static_cast<std::size_t>(layers));
  for (auto& layer : stack.layers) {
    layer.W.resize(rows, cols);
    layer.b.resize(rows, 1);
  }
  heed::for_each_parameter(
      [&](const heed::ParameterName&, auto& x) {
        for (heed::Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<S>(first += 0.25);
      },
      stack);
  return stack;
}

class Checkpoint : public testing::Test {
 protected:
  template <class P>
  heed::SafetensorsFile saved(const P& part, std::string_view prefix = "") const {
    heed::SafetensorsWriter writer;
    heed::save_parameters(writer, part, prefix);
    writer.write(path_);
    return heed::SafetensorsFile::read(path_);
  }

  template <class P>
  std::string refusal(const heed::SafetensorsFile& file, P& part, std::string_view prefix = "") const {
    try {
      heed::load_parameters(file, part, prefix);
    } catch (const heed::Error& error) {
      return error.what();
    }
    return "(accepted)";
  }

  const heed::test::TemporaryFolder temporary_;
  const fs::path path_ = temporary_.path() / "a.safetensors";
};

TEST_F(Checkpoint, SavesAndLoadsParametersByName) {
  const auto model = stack_of<float>(2, 3, 2, 0);
  const auto file = saved(model);
  EXPECT_EQ(file.tensors().size(), 4U);
  EXPECT_EQ(file.at("layers.1.W").shape, (std::vector<std::uint64_t>{3, 2}));
  EXPECT_EQ(file.at("layers.1.b").shape, std::vector<std::uint64_t>{3});
  auto loaded = stack_of<float>(2, 3, 2, 100);
  heed::load_parameters(file, loaded);
  EXPECT_EQ(loaded.layers[0].W, model.layers[0].W);
  EXPECT_EQ(loaded.layers[1].b, model.layers[1].b);
}

TEST_F(Checkpoint, SupportsPrefixes) {
  const auto model = stack_of<double>(1, 2, 2, 0), other = stack_of<double>(1, 2, 2, 50);
  heed::SafetensorsWriter writer;
  heed::save_parameters(writer, model, "encoder");
  heed::save_parameters(writer, other, "encoder2");
  writer.write(path_);
  const auto file = heed::SafetensorsFile::read(path_);
  auto loaded = stack_of<double>(1, 2, 2, 100);
  heed::load_parameters(file, loaded, "encoder");
  EXPECT_EQ(loaded.layers[0].W, model.layers[0].W);
  heed::load_parameters(file, loaded, "encoder2");
  EXPECT_EQ(loaded.layers[0].W, other.layers[0].W);
  EXPECT_NE(refusal(file, loaded).find("missing: layers.0.W (2, 2)"), std::string::npos);
}

TEST_F(Checkpoint, ConvertsBetweenFixedAndDynamicSizes) {
  const auto fixed = stack_of<float, 3, 1>(1, 3, 1, 0);
  auto dynamic = stack_of<float>(1, 3, 1, 100);
  heed::load_parameters(saved(fixed), dynamic);
  EXPECT_EQ(dynamic.layers[0].W, fixed.layers[0].W);
  const auto more = stack_of<float>(1, 3, 1, 200);
  auto back = fixed;
  heed::load_parameters(saved(more), back);
  EXPECT_EQ(back.layers[0].W, more.layers[0].W);
}

TEST_F(Checkpoint, ReportsAllMismatchesAndChangesNothing) {
  heed::SafetensorsWriter writer;
  writer.add("layers.0.W", heed::Matrix<float>::Ones(2, 3));
  writer.add("layers.0.b", heed::Vector<double>::Ones(3));
  writer.add("layers.1.W", heed::Matrix<float>::Ones(3, 2));
  writer.add("surplus", heed::Matrix<float>::Ones(4, 5));
  writer.write(path_);
  auto model = stack_of<float>(2, 3, 2, 0);
  const auto before = model;
  EXPECT_EQ(refusal(heed::SafetensorsFile::read(path_), model),
            path_.string() +
                " does not fit the model:\n"
                "  shape: layers.0.W is (3, 2) in the model and (2, 3) in the file\n"
                "  type: layers.0.b is F32 in the model and F64 in the file\n"
                "  missing: layers.1.b (3)\n"
                "  unexpected: \"surplus\" (4, 5)");
  EXPECT_EQ(model.layers[1].W, before.layers[1].W);
}

TEST_F(Checkpoint, RejectsOtherScalarTypes) {
  auto floats = stack_of<float>(1, 2, 2, 0);
  auto doubles = stack_of<double>(1, 2, 2, 0);
  EXPECT_NE(refusal(saved(doubles), floats).find("layers.0.W is F32 in the model and F64 in the file"),
            std::string::npos);
  EXPECT_NE(refusal(saved(floats), doubles).find("layers.0.W is F64 in the model and F32 in the file"),
            std::string::npos);
}

TEST_F(Checkpoint, RejectsNonFiniteValuesAndChangesNothing) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    auto model = stack_of<float>(2, 3, 2, 0);
    model.layers[1].W(2, 1) = bad;
    const auto file = saved(model);
    auto loaded = stack_of<float>(2, 3, 2, 100);
    const auto before = loaded;
    EXPECT_NE(refusal(file, loaded).find("not finite: layers.1.W holds " + std::to_string(bad) + " at (2, 1)"),
              std::string::npos);
    EXPECT_EQ(loaded.layers[0].W, before.layers[0].W);
  }
}

TEST_F(Checkpoint, LimitsTheListOfMismatches) {
  heed::SafetensorsWriter writer;
  for (int i = 0; i < 5000; ++i) writer.add("surplus" + std::to_string(i), heed::Vector<float>::Ones(1));
  writer.write(path_);
  auto model = stack_of<float>(1, 1, 1, 0);
  const std::string message = refusal(heed::SafetensorsFile::read(path_), model);
  EXPECT_NE(message.find("\n  and 4002 more"), std::string::npos);
}

}  // namespace checkpoint_test
