// Growth of the run time with one quantity, which doubles from row to row while the others are constant. All models
// have prepacked weights. The last rows of a family give the fitted law, c n or c n^2 (BigO: the value of c), and the
// mean deviation of the rows from it (RMS).
//
//   growth/additive/H:64/S:50                        additive attention to a memory of S words: projection, scores,
//                                                    softmax and context. c S
//   growth/additive/H:256/S:50                       the same. The time per word rises when the memory (2 H values per
//                                                    word) exceeds the L2 cache, from about 800 words
//   growth/additive/S:50/H:64                        the same, by the size H of memory and keys. c H: the query has
//                                                    size 16, since size H would add H x H for its projection
//   growth/lstm/batch:8/H:256/T:25                   one layer over sentences of T words. c T
//   growth/gru/T:20/batch:32/H:64                    one layer of size H over words of size H. c H^2; the gates take
//                                                    time c H, a decreasing share
//   growth/greedy/batch:8/vocabulary:1000            13 words for each of 8 sentences. c V, plus a time per step that
//                                                    does not depend on V and is visible while V is small
//   growth/beam/batch:1/beam:1                       13 words for one sentence, V = 1000. At most c beam: the
//                                                    hypotheses share one pass over the weights
//   growth/batch/beam:1/batch:1                      greedy search for a batch, V = 1000. At most c batch
//
//   thread_pool/CELL/batch:1/H:512/threads:2         one layer over one sentence of 50 words of size H; the threads
//                                                    share the units of the layer
//
// Before a measurement, the result is compared with a reference: the same model without prepacked weights, which uses
// other product kernels. The reference of additive attention is the paper's equation. The results of a thread pool must
// also equal those of one thread bit for bit.

#include "compare/machine.hpp"
#include "support.hpp"

#include <heed/io/translation_model.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

namespace {

using bench::Index;
using bench::Matrix;
using bench::Vector;
using heed::Token;

/// Attention of one query to one sentence, with keys computed beforehand.
struct Look {
  heed::AdditiveScorer<float> scorer;
  heed::Attention<heed::AdditiveScorer<float>> attention;
  heed::Memory<float> memory;
  std::vector<Index> sentences{0};
  Matrix query;
  heed::Buffer<float> carry;
  heed::AttentionTape<float> tape;

  Look(Index length, Index size) : scorer(16, size, size) {
    heed::Random random(1);
    bench::randomize_parameters(scorer, size, random);
    attention.scorer = scorer;
    heed::prepack(attention);
    query = bench::random_matrix(16, 1, random);
    memory.resize(size, std::vector<Index>{length});
    memory.values = bench::random_matrix(size, length, random);
    attention.prepare(memory);
    start_attention(attention, memory, sentences, carry);
    begin_attention(attention, memory, 1, tape);
  }

  void run() { attention.forward(query, memory, sentences, carry, tape, 0); }
  bool right() {
    run();
    const Vector q = scorer.W.values() * query;
    const Matrix z = ((scorer.U.values() * memory.values).colwise() + q).array().tanh();
    Vector expected = z.transpose() * scorer.v;
    expected.array() = (expected.array() - expected.maxCoeff()).exp();
    expected /= expected.sum();
    return bench::agree(tape.weights, expected) && bench::agree(tape.contexts, memory.values * expected);
  }
};

/// One layer over a batch of sentences of the same length, run by a thread pool.
template <template <class> class C>
struct Layer {
  heed::Encoder<C<float>> plain;
  heed::Encoder<C<float>> encoder;
  heed::EncoderTape<float> tape;
  heed::PackedBatch packing;
  Matrix x;
  heed::ThreadPool thread_pool;

  Layer(Index words, Index batch, Index size, int threads = 1)
      : plain({.input_size = size, .hidden_size = size}),
        packing(std::vector<Index>(static_cast<std::size_t>(batch), words)),
        thread_pool(threads) {
    heed::Random random(1);
    bench::randomize_parameters(plain, size, random);
    encoder = plain;
    heed::prepack(encoder);
    x = bench::random_matrix(size, words * batch, random);
  }

  void run() { encoder.forward(x, packing, tape, nullptr, nullptr, &thread_pool); }
  bool right() {
    run();
    heed::EncoderTape<float> expected;
    plain.forward(x, packing, expected);
    if (!bench::agree(tape.outputs(), expected.outputs())) return false;
    encoder.forward(x, packing, expected);
    return tape.outputs() == expected.outputs();
  }
};

/// Translates sentences of 12 words to 13 words each.
struct Decoding {
  static constexpr Index words = 13;

  heed::TranslationModel<float> plain;
  heed::TranslationModel<float> model;
  std::vector<Token> text;
  std::vector<std::span<const Token>> sources;
  heed::SearchOptions options;
  heed::SearchWorkspace<float> work;
  std::vector<heed::Hypothesis<float>> found;

  Decoding(Index vocabulary, Index beam, Index batch)
      : plain(heed::make_model<float>(heed::TranslatorConfig{}, 1000, vocabulary)),
        options{.beam = beam, .length_penalty = 0, .maximum_length = words} {
    heed::Random random(1);
    heed::initialize(plain, random);
    plain.output.b(heed::symbols::eos) = -1e3f;  // no eos before the length limit, so the work is always the same
    model = plain;
    heed::prepack(model);
    constexpr Index length = words - 1;
    for (Index i = 0; i < length * batch; ++i) text.push_back(static_cast<Token>(3 + random.below(997)));
    for (Index b = 0; b < batch; ++b) {
      sources.push_back(std::span(text).subspan(static_cast<std::size_t>(b * length), std::size_t{length}));
    }
  }

  void run() { heed::search(model, sources, options, work, found); }
  bool right() {
    run();
    heed::SearchWorkspace<float> other;
    std::vector<heed::Hypothesis<float>> expected;
    heed::search(plain, sources, options, other, expected);
    return std::equal(found.begin(), found.end(), expected.begin(), expected.end(), [](const auto& a, const auto& b) {
      return a.tokens.size() == std::size_t{words} && b.tokens.size() == std::size_t{words} &&
             std::abs(a.log_probability - b.log_probability) <= 1e-4 * std::abs(b.log_probability);
    });
  }
};

template <class Work>
void measure(benchmark::State& state, Work work) {
  if (!work.right()) {
    state.SkipWithError("the result is not that of the parts before they were packed");
    return;
  }
  bench::measure(state, work, [&] { work.run(); });
}

/// Adds a family of rows: `make(n)` for n = from, 2 from, 4 from, ..., to.
template <class Make>
void add(const std::string& fixed, const std::string& quantity, Index from, Index to, benchmark::BigO law, Make make) {
  auto* const family = bench::add_row("growth/" + fixed, [=](benchmark::State& state) {
    state.SetComplexityN(state.range(0));
    measure(state, make(state.range(0)));
  });
  for (Index n = from; n <= to; n *= 2) family->Arg(n);
  family->ArgName(quantity)->Complexity(law);
}

template <template <class> class C>
void add_team(const std::string& cell) {
  for (const int threads : compare::thread_counts()) {
    bench::add_row("thread_pool/" + cell + "/batch:1/H:512/threads:" + std::to_string(threads),
                   [=](benchmark::State& state) { measure(state, Layer<C>(50, 1, 512, threads)); })
        ->UseRealTime();
  }
}

template <class T>
using Lstm = heed::LstmCell<T>;
template <class T>
using Gru = heed::GruCell<T>;

[[maybe_unused]] const bool added = [] {
  using benchmark::oN, benchmark::oNSquared;
  add("additive/H:64", "S", 50, 1600, oN, [](Index length) { return Look(length, 64); });
  add("additive/H:256", "S", 50, 1600, oN, [](Index length) { return Look(length, 256); });
  add("additive/S:50", "H", 64, 1024, oN, [](Index size) { return Look(50, size); });
  add("lstm/batch:8/H:256", "T", 25, 400, oN, [](Index words) { return Layer<Lstm>(words, 8, 256); });
  add("gru/T:20/batch:32", "H", 64, 1024, oNSquared, [](Index size) { return Layer<Gru>(20, 32, size); });
  add("greedy/batch:8", "vocabulary", 1000, 16000, oN, [](Index vocabulary) { return Decoding(vocabulary, 1, 8); });
  add("beam/batch:1", "beam", 1, 16, oN, [](Index beam) { return Decoding(1000, beam, 1); });
  add("batch/beam:1", "batch", 1, 64, oN, [](Index batch) { return Decoding(1000, 1, batch); });
  add_team<Lstm>("lstm");
  add_team<Gru>("gru");
  return true;
}();

}  // namespace
