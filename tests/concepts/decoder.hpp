struct Part {
  using Scalar = double;
  using State = heed::DecoderState<double>;
  using Tape = heed::DecoderTape<double>;
  Index word_size() const { return 1; }
  Index feature_size() const { return 1; }
  void prepare(Memory&) const {}
  void start(const Memory&, State&, Tape&) const {}
  void begin(const In&, const Memory&, Tape&) const {}
  void step(const Memory&, State&, Tape&, Index, Index, RandomStreams) const {}
  void finish(const In&, Tape&) const {}
  void finish_backward(const In&, const State&, Tape&, Part&, Out) const {}
  void step_backward(const Memory&, const State&, Tape&, Index, Index, Part&, Memory&, RandomStreams) const {}
  void begin_backward(const In&, const Tape&, Part&, Out) const {}
  void start_backward(const State&, Tape&, Part&, Memory&) const {}
  void prepare_backward(const Memory&, Memory&, Part&) const {}
  static void visit_parameters(auto&&, auto&&...) {}
};
heed::Seq2Seq<heed::Encoder<heed::GruCell<double>>, Part> use;
