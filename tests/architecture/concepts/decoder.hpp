struct Part {
  using Scalar = double;
  using State = heed::DecoderState<double>;
  using Tape = heed::DecoderTape<double>;
  using Steps = heed::Steps;
  using Streams = RandomStreams;
  Index word_size() const { return 1; }
  Index feature_size() const { return 1; }
  void prepare(Memory&) const {}
  void start(const Memory&, State&, Tape&) const {}
  void forward(const In&, const Steps&, const Memory&, State&, Tape&, Streams) const {}
  void backward(const In&, const Steps&, const Memory&, const State&, Tape&, Part&, Out, Memory&, Streams) const {}
  static void visit_parameters(auto&&, auto&&...) {}
};
heed::Seq2Seq<heed::Encoder<heed::GruCell<double>>, Part> use;
