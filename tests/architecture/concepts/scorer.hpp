struct Part {
  using Scalar = double;
  Index query_size() const { return 1; }
  Index memory_size() const { return 1; }
  Index key_size() const { return 1; }
  Index projected_size() const { return 1; }
  void keys(const In&, Out) const {}
  void project(const In&, Out) const {}
  void score(const In&, const In&, Out, Buffer&) const {}
  void score_backward(const In&, const In&, const In&, Part&, Out, Out, Buffer&) const {}
  void project_backward(const In&, Out) const {}
  void accumulate(const In&, const In&, Part&) const {}
  void keys_backward(const In&, const In&, Part&, Out) const {}
  static void visit_parameters(auto&&, auto&&...) {}
};
heed::BahdanauDecoder<heed::GruCell<double>, Part> use;
