#include "cli/program.hpp"

#include <heed/io/safetensors.hpp>

namespace from_pytorch_test {

using namespace heed::test;

class FromPytorch : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    program_ = FROM_PYTORCH_PROGRAM;
  }

  static std::string model(const std::string& name = "bahdanau") {
    return std::string(EXAMPLE_DATA) + "/../from_pytorch/" + name + ".safetensors";
  }

  /// A copy of a model after `change(bytes, data)`, where `data` is the offset of the tensor data.
  template <class Change>
  std::string changed(const Change& change) const {
    std::string bytes = contents(model());
    change(bytes, bytes.size() - parameters_of(model()).size());
    return write("changed", bytes);
  }
};

TEST_F(FromPytorch, ListsEveryOption) {
  const Outcome outcome = run({"--help"});
  EXPECT_EQ(outcome.code, 0);
  for (const char* const option : {"--check", "--save", "--back"}) {
    EXPECT_NE(outcome.out.find(std::string("  ") + option + ' '), std::string::npos) << option;
  }
}

TEST_F(FromPytorch, CheckReportsADifferentTranslation) {
  const std::string other = changed([](std::string& bytes, std::size_t) {
    const std::string key = "\"heed.test.translations\":\"";
    const std::size_t at = bytes.find(key);
    ASSERT_NE(at, std::string::npos);
    bytes[at + key.size()] = 'X';
  });
  const Outcome outcome = run({other, "--check"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, "249 of 250 translations are equal to PyTorch's\n");
  EXPECT_NE(outcome.err.find("\nPyTorch: X"), std::string::npos) << outcome.err;
}

TEST_F(FromPytorch, RejectsAModelWithOtherResults) {
  // The tokens come first, then the logits as floats; the last byte of a float contains its sign.
  const std::string other = changed([](std::string& bytes, std::size_t data) { bytes[data + 1003] ^= '\x80'; });
  expect_error(run({other}, "the queen sleeps .\n"), {"output 0 of the test vector differs"});
}

TEST_F(FromPytorch, SavedModelWorksInTranslate) {
  const std::string line = "the queen sleeps in the garden .\n\n";
  const Outcome here = run({model()}, line);
  EXPECT_EQ(here.code, 0) << here.err;
  EXPECT_EQ(lines_of(here.out).size(), 2U) << here.out;
  EXPECT_EQ(run({model(), "--save", path("saved")}).code, 0);
  program_ = TRANSLATE_PROGRAM;
  const Outcome there = run({"run", "--model", path("saved")}, line);
  EXPECT_EQ(there.code, 0) << there.err;
  EXPECT_EQ(there.out, here.out);
}

TEST_F(FromPytorch, RoundTripsTheStateDict) {
  for (const std::string name : {"bahdanau", "luong"}) {
    EXPECT_EQ(run({model(name), "--back", path(name)}).code, 0);
    const auto from = heed::SafetensorsFile::read(model(name)), back = heed::SafetensorsFile::read(path(name));
    EXPECT_EQ(back.tensors().size() + 3, from.tensors().size());  // two inputs and an output
    for (const auto& [tensor, view] : back.tensors()) {
      ASSERT_TRUE(from.tensors().contains(tensor)) << tensor;
      EXPECT_EQ(view.shape, from.at(tensor).shape) << tensor;
      EXPECT_EQ(heed::read_matrix<float>(view), heed::read_matrix<float>(from.at(tensor))) << tensor;
    }
  }
}

TEST_F(FromPytorch, RejectsInvalidInput) {
  expect_error(run({path("missing")}), {"missing", "no such file"});
  write("text", "not a model");
  expect_error(run({path("text")}), {"text"});
  const std::string smaller = changed([](std::string& bytes, std::size_t) {
    const std::string key = "\"config.hidden\":\"3";
    const std::size_t at = bytes.find(key);
    ASSERT_NE(at, std::string::npos);
    bytes[at + key.size()] = '3';
  });
  expect_error(run({smaller}), {"changed", "parameters, but the file has"});
  EXPECT_NE(run({model(), "--save", path("no/such/folder")}).code, 0);
}

}  // namespace from_pytorch_test
