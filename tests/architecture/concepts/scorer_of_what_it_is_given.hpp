struct Part {
  using Scalar = double;
  Index query_size() const { return 1; }
  Index memory_size() const { return 1; }
  void score(const In&, const In&, Out) const {}
  void score_backward(const In&, const In&, const In&, Part&, Out, Out) const {}
  static void visit_parameters(auto&&, auto&&...) {}
};
heed::AttentionLayer<Part> use;
