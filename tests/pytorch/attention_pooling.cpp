#include <heed/io/pytorch.hpp>
#include <heed/layers/attention_pooling.hpp>

#include <gtest/gtest.h>
#include <support/pytorch.hpp>
#include <support/stored.hpp>

namespace attention_pooling_test {

using heed::Index;
using heed::Matrix;

heed::SafetensorsFile file() {
  return heed::SafetensorsFile::read(std::filesystem::path(HEED_FIXTURES) / "pytorch_tutorial" / "pooling.safetensors");
}

TEST(PytorchPooling, MatchesPytorch) {
  heed::AttentionPooling<float> pooling(6, 4);
  const auto report = heed::from_pytorch(file(), pooling);
  EXPECT_EQ(report.notes,
            std::vector<std::string>{"v.bias was ignored: it adds one value to all scores of a query, and "
                                     "the attention weights do not depend on it"});
  const auto test = heed::PytorchTestVector<float>::read(file());
  const Matrix<float>& words = test.inputs[0];
  ASSERT_EQ(words.cols(), 5);
  const std::vector<Index> starts{0, words.cols()};
  Matrix<float> pooled(6, 1);
  heed::AttentionPoolingTape<float> tape;
  pooling.forward(words, heed::SentenceRanges(starts), tape, pooled);
  EXPECT_NO_THROW(test.expect(0, pooled));
  EXPECT_NO_THROW(test.expect(1, tape.weights));
}

TEST(PytorchPooling, IsWrittenBack) {
  heed::AttentionPooling<float> pooling(6, 4);
  const auto original = file();
  heed::from_pytorch(original, pooling);
  const auto back = heed::test::stored(
      [&](heed::SafetensorsWriter& writer) { heed::to_pytorch(writer, pooling, "", {.scorer_biases = true}); });
  EXPECT_EQ(back.tensors().size(), 4u);
  for (const auto& [name, view] : back.tensors()) {
    EXPECT_EQ(original.at(name).shape, view.shape) << name;
    if (name == "v.bias") continue;  // has no effect and is written as 0
    EXPECT_EQ(heed::read_matrix<float>(view), heed::read_matrix<float>(original.at(name))) << name;
  }
}

TEST(PytorchPooling, ReadsAContextVector) {
  const auto stored = heed::test::stored([](heed::SafetensorsWriter& writer) {
    writer.add("word.weight", Matrix<float>::Constant(4, 6, 2));
    writer.add("word.bias", heed::Vector<float>::Constant(4, 3).eval());
    writer.add("context", heed::Vector<float>::Constant(4, 5).eval());
  });
  heed::AttentionPooling<float> pooling(6, 4);
  const auto report = heed::from_pytorch(stored, pooling, "", {.names = {{"W", "word.weight"}, {"v", "context"}}});
  EXPECT_EQ(pooling.b, heed::Vector<float>::Constant(4, 3));
  EXPECT_EQ(pooling.v, heed::Vector<float>::Constant(4, 5));
  EXPECT_EQ(report.notes, std::vector<std::string>{"context is (4) in the file and was read as (1, 4)"});
}

}  // namespace attention_pooling_test
