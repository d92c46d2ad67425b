#include <heed/compiled/translator.hpp>

#include <cstdio>

// A program that only translates: it compiles without Eigen.
#if defined(EIGEN_WORLD_VERSION)
#error "the header of the compiled library includes Eigen"
#endif

int main() {
  const std::pair<std::string, std::string> pairs[] = {{"a", "x"}, {"b", "y"}};
  heed::compiled::TrainOptions options;
  options.epochs = 100;
  options.learning_rate = 0.01;
  const auto translator = heed::compiled::Translator::train(pairs, {}, options);
  std::printf("%s %s\n", translator.translate("a").text.c_str(), translator.translate("b").text.c_str());
}
