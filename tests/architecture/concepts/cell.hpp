struct Part {
  using Scalar = double;
  Index input_size() const { return 1; }
  Index hidden_size() const { return 1; }
  Index state_size() const { return 1; }
  Index saved_size() const { return 1; }
  Index gradient_size() const { return 1; }
  void project(const In&, Out) const {}
  void add_projection(const In&, Index, Out) const {}
  void step(Out, const In&, Out) const {}
  void step_backward(const In&, const In&, Out, Out) const {}
  void project_backward(const In&, Index, Out) const {}
  void accumulate(const In&, Index, const In&, Part&) const {}
  void accumulate_recurrent(const In&, const In&, Part&) const {}
  static void visit_parameters(auto&&, auto&&...) {}
};
heed::Encoder<Part> use;
