struct Part {
  using Scalar = double;
  using Tape = heed::LookTape<double>;
  using Sentences = std::span<const Index>;
  void check(Index, Index) const {}
  void prepare(Memory&) const {}
  void start(const Memory&, Sentences, Buffer&) const {}
  void begin(const Memory&, Index, Tape&) const {}
  void forward(const In&, const Memory&, Sentences, Out, Tape&, Index, RandomStreams) const {}
  void begin_backward(Index, Tape&) const {}
  void backward(const Memory&, Sentences, Tape&, Index, Part&, Out, Memory&) const {}
  void accumulate(const In&, const Tape&, Part&) const {}
  void prepare_backward(const Memory&, Memory&, Part&) const {}
  static void visit_parameters(auto&&, auto&&...) {}
};
heed::ContextDecoder<heed::GruCell<double>, Part> use;
