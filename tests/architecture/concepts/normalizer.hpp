struct Part {
  void forward(auto&&) const {}
  void backward(const auto&, auto&&) const {}
  static void visit_parameters(auto&&, auto&&...) {}
};
heed::LuongDecoder<heed::GruCell<double>, heed::DotScorer<double>, Part> use;
