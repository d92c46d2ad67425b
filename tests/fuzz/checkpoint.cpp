#include "fuzz/feed.hpp"

#include <heed/io/checkpoint.hpp>

using namespace heed;

namespace {

/// Parameters of every shape and type that a file can contain.
struct Parts {
  Matrix<float> W = Matrix<float>::Constant(2, 3, 7);
  Parameter<float, Dynamic, 1> b = Vector<float>::Constant(2, 7);
  Matrix<double> U = Matrix<double>::Constant(1, 2, 7);
  Parameter<Eigen::half, 2, 2> v = Matrix<Eigen::half>::Constant(2, 2, Eigen::half(7));

  static void visit_parameters(auto&& visit, auto&... self) {
    visit("W", self.W...);
    visit("b", self.b...);
    visit("U", self.U...);
    visit("v", self.v...);
  }
};

}  // namespace

/// Any bytes as the parameters of a layer. An error must leave the parameters unchanged.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Parts parts;
  const std::size_t before = test::rejected;
  test::feed(size, {32}, [&] {
    const auto file = SafetensorsFile::parse(std::as_bytes(std::span(data, size)), std::string(test::input_name));
    load_parameters(file, parts, file.metadata().contains("prefix") ? file.metadata().at("prefix") : "");
  });
  for_each_parameter(
      [&]<class X>(const ParameterName& name, const X& x) {
        const auto sevens = X::Constant(x.rows(), x.cols(), typename X::Scalar(7));
        if (test::rejected > before && x != sevens) test::abort_with("changed, and then rejected", name.str());
        if (!x.allFinite()) test::abort_with("accepted although it is not finite", name.str());
      },
      parts);
  return 0;
}
