struct Part {
  using Scalar = double;
  using Tape = heed::AttentionTape<double>;
  using Sentences = std::span<const Index>;
  heed::AttentionSizes sizes(Index) const { return {}; }
  void prepare(Memory&) const {}
  void forward(const In&, const Memory&, Sentences, Out, Tape&, Index, RandomStreams) const {}
  void backward(const Memory&, Sentences, Tape&, Index, Part&, Out, Memory&) const {}
  void finish_backward(const In&, const Memory&, const Tape&, Part&, Memory&) const {}
  static void visit_parameters(auto&&, auto&&...) {}
};
heed::ContextDecoder<heed::GruCell<double>, Part> use;
