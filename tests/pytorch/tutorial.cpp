#include <heed/attention/attention.hpp>
#include <heed/cells/gru.hpp>
#include <heed/decoders/context_decoder.hpp>
#include <heed/decoders/state_readout.hpp>
#include <heed/encoders/encoder.hpp>
#include <heed/io/pytorch.hpp>
#include <heed/models/seq2seq.hpp>
#include <heed/scorers/additive.hpp>
#include <heed/search/scoring.hpp>
#include <heed/search/search.hpp>
#include <heed/training/gradient_check.hpp>

#include <gtest/gtest.h>
#include <support/pytorch.hpp>
#include <support/refusal.hpp>
#include <support/stored.hpp>

#include <cmath>

/// The model of the PyTorch tutorial "Translation with a Sequence to Sequence Network and Attention".
namespace tutorial_test {

using heed::Index;
using heed::Matrix;
using heed::Token;
using heed::test::distance;

using Tokens = std::vector<Token>;
using Batch = std::vector<Tokens>;

constexpr int pairs = 6;
constexpr Index hidden = 8;

template <class S>
using Decoder = heed::ContextDecoder<heed::GruCell<S>, heed::Attention<heed::AdditiveScorer<S>>, heed::StateReadout>;
template <class S>
using Model = heed::Seq2Seq<heed::Encoder<heed::GruCell<S>>, Decoder<S>>;

heed::test::PytorchFixture fixture() {
  return heed::test::PytorchFixture("random", std::filesystem::path(HEED_FIXTURES) / "pytorch_tutorial");
}

const heed::PytorchTokens source_tokens(11, {.bos = 0, .eos = 1}), target_tokens(9, {.bos = 0, .eos = 1});

heed::PytorchOptions options() {
  return {.names = {{"source", "encoder.embedding"},
                    {"encoder", "encoder.gru"},
                    {"target", "decoder.embedding"},
                    {"decoder.stack", "decoder.gru"},
                    {"decoder.attention.scorer.W", "decoder.attention.Wa.weight"},
                    {"decoder.attention.scorer.U", "decoder.attention.Ua.weight"},
                    {"decoder.attention.scorer.v", "decoder.attention.Va.weight"},
                    {"output", "decoder.out"}},
          .tokens = {{"source", source_tokens}, {"target", target_tokens}, {"output", target_tokens}},
          .scorer_biases = true};
}

template <class S>
Model<S> untrained() {
  Decoder<S> decoder({.word_size = hidden, .memory_size = hidden, .hidden_size = hidden, .feature_size = hidden},
                     {heed::AdditiveScorer<S>(hidden, hidden, hidden, true), {}});
  decoder.bridge = heed::Bridge<S>::copying(hidden, 1);
  return Model<S>({.source_vocabulary = source_tokens.size(), .target_vocabulary = target_tokens.size()},
                  heed::Encoder<heed::GruCell<S>>({.input_size = hidden, .hidden_size = hidden}), std::move(decoder));
}

template <class S>
Model<S> loaded() {
  Model<S> model = untrained<S>();
  heed::from_pytorch(fixture().file(), model, "", options());
  return model;
}

/// The sentences of one side, in heed's ids. Sources end with eos, targets do not.
Batch sentences(const std::string& side, const heed::PytorchTokens& tokens) {
  Batch batch;
  for (int i = 0; i < pairs; ++i) {
    batch.push_back(tokens.from_pytorch(fixture().numbers<Token>(side + '.' + std::to_string(i))));
  }
  return batch;
}

/// The results of teacher forcing for one pair: a column for each step.
struct Forced {
  Matrix<double> log_probs;  ///< PyTorch's vocabulary x steps
  Matrix<double> weights;    ///< source length x steps
};

Forced from_pytorch(int pair) {
  auto file = fixture();
  return {file.matrix<float>("heed.test.log_probs." + std::to_string(pair)).transpose().cast<double>(),
          file.matrix<float>("heed.test.weights." + std::to_string(pair)).transpose().cast<double>()};
}

/// The results of heed for all pairs in one batch.
template <class S>
std::vector<Forced> from_heed(const Model<S>& model) {
  const Batch sources = sentences("source", source_tokens), targets = sentences("target", target_tokens);
  heed::Seq2SeqTape<S> tape;
  model.forward(sources, targets, tape);
  const auto& packing = tape.target.packing;
  Matrix<S> logits(model.output.output_size(), packing.columns());
  model.score_words(tape.decoder.features, logits);
  std::vector<Forced> results(pairs);
  for (Index p = 0; p < packing.sentences(); ++p) {
    Forced& result = heed::detail::at(results, packing.sentence(p));
    result.log_probs.resize(target_tokens.pytorch_size(), packing.length(p));
    result.weights.resize(tape.weights(0, p).size(), packing.length(p));
    for (Index t = 0; t < packing.length(p); ++t) {
      const heed::Vector<double> column = logits.col(packing.column(t, p)).template cast<double>();
      const double highest = column.maxCoeff(), total = (column.array() - highest).exp().sum();
      for (Index k = 0; k < result.log_probs.rows(); ++k) {
        result.log_probs(k, t) = column(k + 1) - highest - std::log(total);  // unk is token 0
      }
      result.weights.col(t) = tape.weights(t, p).template cast<double>();
    }
  }
  return results;
}

/// The equations of the tutorial as scalar loops over the tensors of the state dict.
class Loops {
 public:
  using Numbers = std::vector<double>;

  Forced forced(const Tokens& source, const Tokens& target) {
    Tokens inputs{0};
    inputs.insert(inputs.end(), target.begin(), target.end());
    start(source);
    Forced result{Matrix<double>(9, static_cast<Index>(inputs.size())),
                  Matrix<double>(static_cast<Index>(source.size()), static_cast<Index>(inputs.size()))};
    for (std::size_t t = 0; t < inputs.size(); ++t) {
      const auto column = static_cast<Index>(t);
      const auto [log_probs, weights] = step(inputs[t]);
      for (std::size_t k = 0; k < log_probs.size(); ++k) result.log_probs(static_cast<Index>(k), column) = log_probs[k];
      for (std::size_t j = 0; j < weights.size(); ++j) result.weights(static_cast<Index>(j), column) = weights[j];
    }
    return result;
  }

  Tokens greedy(const Tokens& source, int steps) {
    Tokens found;
    start(source);
    for (Token token = 0; steps > 0; --steps) {
      const Numbers log_probs = step(token).first;
      token = 0;
      for (std::size_t k = 1; k < log_probs.size(); ++k) {
        if (log_probs[k] > log_probs[static_cast<std::size_t>(token)]) token = static_cast<Token>(k);
      }
      if (token == 1) break;
      found.push_back(token);
    }
    return found;
  }

 private:
  /// Elements of a tensor in row-major order.
  const Numbers& tensor(const std::string& name) {
    Numbers& values = tensors_[name];
    if (values.empty()) {
      const Matrix<double> rows = heed::read_matrix<double>(file_.file().at(name));
      for (Index i = 0; i < rows.rows(); ++i) {
        for (Index j = 0; j < rows.cols(); ++j) values.push_back(rows(i, j));
      }
    }
    return values;
  }

  /// weight x + bias of an nn.Linear, or of one product of an nn.GRU.
  Numbers linear(const std::string& weight, const std::string& bias, const Numbers& x) {
    const Numbers &w = tensor(weight), &b = tensor(bias);
    Numbers y;
    for (std::size_t i = 0; i < b.size(); ++i) {
      double sum = b[i];
      for (std::size_t j = 0; j < x.size(); ++j) sum += w[i * x.size() + j] * x[j];
      y.push_back(sum);
    }
    return y;
  }

  Numbers embedded(const std::string& name, Token token) {
    const Numbers& table = tensor(name);
    const auto begin = table.begin() + token * hidden;
    return Numbers(begin, begin + hidden);
  }

  /// r, z and n of PyTorch's GRU; h' = (1 - z) n + z h.
  Numbers gru(const std::string& name, const Numbers& x, const Numbers& h) {
    const Numbers a = linear(name + ".weight_ih_l0", name + ".bias_ih_l0", x);
    const Numbers u = linear(name + ".weight_hh_l0", name + ".bias_hh_l0", h);
    const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
    Numbers next;
    for (std::size_t k = 0; k < h.size(); ++k) {
      const double r = sigmoid(a[k] + u[k]), z = sigmoid(a[h.size() + k] + u[h.size() + k]);
      const double n = std::tanh(a[2 * h.size() + k] + r * u[2 * h.size() + k]);
      next.push_back((1 - z) * n + z * h[k]);
    }
    return next;
  }

  void start(const Tokens& source) {
    h_.assign(hidden, 0);
    memory_.clear();
    for (const Token token : source)
      memory_.push_back(h_ = gru("encoder.gru", embedded("encoder.embedding.weight", token), h_));
  }

  /// exp(x_k) / sum_k exp(x_k)
  static Numbers softmax(const Numbers& x) {
    double total = 0;
    for (const double v : x) total += std::exp(v);
    Numbers y;
    for (const double v : x) y.push_back(std::exp(v) / total);
    return y;
  }

  /// The log-probabilities and the attention weights of one step.
  std::pair<Numbers, Numbers> step(Token token) {
    const Numbers query = linear("decoder.attention.Wa.weight", "decoder.attention.Wa.bias", h_);
    Numbers scores;
    for (const Numbers& value : memory_) {
      Numbers z = linear("decoder.attention.Ua.weight", "decoder.attention.Ua.bias", value);
      for (std::size_t k = 0; k < z.size(); ++k) z[k] = std::tanh(query[k] + z[k]);
      scores.push_back(linear("decoder.attention.Va.weight", "decoder.attention.Va.bias", z)[0]);
    }
    const Numbers weights = softmax(scores);
    Numbers x = embedded("decoder.embedding.weight", token);
    for (std::size_t k = 0; k < hidden; ++k) {
      double context = 0;
      for (std::size_t j = 0; j < memory_.size(); ++j) context += weights[j] * memory_[j][k];
      x.push_back(context);
    }
    h_ = gru("decoder.gru", x, h_);
    Numbers log_probs = softmax(linear("decoder.out.weight", "decoder.out.bias", h_));
    for (double& v : log_probs) v = std::log(v);
    return {log_probs, weights};
  }

  heed::test::PytorchFixture file_ = fixture();
  std::map<std::string, Numbers> tensors_;
  std::vector<Numbers> memory_;
  Numbers h_;
};

TEST(PytorchTutorial, MatchesPytorchInLogProbabilitiesAndWeights) {
  const std::vector<Forced> results = from_heed(loaded<float>());
  for (int i = 0; i < pairs; ++i) {
    const Forced expected = from_pytorch(i);
    EXPECT_LE(distance(results[static_cast<std::size_t>(i)].log_probs, expected.log_probs), 1e-5) << i;
    EXPECT_LE(distance(results[static_cast<std::size_t>(i)].weights, expected.weights), 1e-5) << i;
  }
}

TEST(PytorchTutorial, MatchesScalarLoops) {
  const std::vector<Forced> results = from_heed(loaded<double>());
  Loops loops;
  for (int i = 0; i < pairs; ++i) {
    const std::string number = std::to_string(i);
    const Forced expected =
        loops.forced(fixture().numbers<Token>("source." + number), fixture().numbers<Token>("target." + number));
    EXPECT_LE(distance(results[static_cast<std::size_t>(i)].log_probs, expected.log_probs), 1e-12) << i;
    EXPECT_LE(distance(results[static_cast<std::size_t>(i)].weights, expected.weights), 1e-12) << i;
    EXPECT_LE(distance(from_pytorch(i).log_probs, expected.log_probs), 1e-5) << i;
  }
}

TEST(PytorchTutorial, FindsTheSameGreedyTranslations) {
  const auto steps = fixture().number<int>("max_length");
  const auto found = heed::search(loaded<float>(), sentences("source", source_tokens),
                                  {.beam = 1, .maximum_length = steps, .ban_unknown = true});
  Loops loops;
  bool complete = false, cut = false;
  for (int i = 0; i < pairs; ++i) {
    const std::string number = std::to_string(i);
    const auto expected = fixture().numbers<Token>("greedy." + number);
    const auto& best = found[static_cast<std::size_t>(i)].front();
    EXPECT_EQ(target_tokens.to_pytorch(best.tokens), expected) << i;
    EXPECT_EQ(loops.greedy(fixture().numbers<Token>("source." + number), steps), expected) << i;
    EXPECT_EQ(best.complete, static_cast<int>(expected.size()) < steps) << i;
    (best.complete ? complete : cut) = true;
  }
  EXPECT_TRUE(complete && cut);
}

TEST(PytorchTutorial, ReportsTheBiasesOfTheAttention) {
  Model<float> model = untrained<float>();
  const auto report = heed::from_pytorch(fixture().file(), model, "", options());
  ASSERT_EQ(report.notes.size(), 2u);
  EXPECT_EQ(report.notes[0].find("decoder.attention.Va.bias was ignored"), 0u) << report.notes[0];
  EXPECT_EQ(report.notes[1].find("decoder.attention.Wa.bias was added to decoder.attention.Ua.bias"), 0u);
}

TEST(PytorchTutorial, NeverProposesAnUnknownWord) {
  const auto model = loaded<float>();
  std::vector<heed::PairScore> scores;
  heed::Seq2SeqTape<float> tape;
  heed::score_pairs(model, sentences("source", source_tokens), Batch(pairs, Tokens{heed::symbols::unk}), tape, scores);
  for (const auto& score : scores) EXPECT_EQ(std::exp(score.words.front()), 0);
  // More hypotheses than words, without ban_unknown.
  for (const auto& found :
       heed::search(model, sentences("source", source_tokens), {.beam = 20, .maximum_length = 10, .best = 5})) {
    for (const auto& hypothesis : found) {
      for (const Token token : hypothesis.tokens) EXPECT_NE(token, heed::symbols::unk);
    }
  }
}

TEST(PytorchTutorial, GradientsMatchCentralDifferences) {
  auto model = loaded<double>();
  const Batch sources = sentences("source", source_tokens), targets = sentences("target", target_tokens);
  heed::Seq2SeqTape<double> tape;
  auto grad = heed::zeros_like(model);
  model.loss_and_gradient(sources, targets, tape, grad);
  const auto check = heed::check_gradients(model, grad, [&] { return model.loss(sources, targets, tape); });
  EXPECT_LE(check.error, 1e-6) << check.name << ' ' << check.place;
  EXPECT_EQ(check.checked, heed::parameter_count(model));
  EXPECT_EQ(grad.output.b(heed::symbols::unk), 0);
}

TEST(PytorchTutorial, IsWrittenBackAsTheSameStateDict) {
  const auto model = loaded<float>();
  const auto back =
      heed::test::stored([&](heed::SafetensorsWriter& writer) { heed::to_pytorch(writer, model, "", options()); });
  auto original = fixture();
  std::size_t count = 0;
  for (const auto& [name, view] : original.file().tensors()) {
    if (name.starts_with("heed.test.")) continue;
    ++count;
    ASSERT_TRUE(back.tensors().contains(name)) << name;
    EXPECT_EQ(back.at(name).shape, view.shape) << name;
    Matrix<float> expected = heed::read_matrix<float>(view);
    if (name == "decoder.attention.Ua.bias") expected += original.matrix<float>("decoder.attention.Wa.bias");
    if (name == "decoder.attention.Wa.bias" || name == "decoder.attention.Va.bias") expected.setZero();
    EXPECT_EQ(heed::read_matrix<float>(back.at(name)), expected) << name;
  }
  EXPECT_EQ(back.tensors().size(), count);
  Model<float> again = untrained<float>();
  heed::from_pytorch(back, again, "", options());
  heed::for_each_parameter(
      [](const heed::ParameterName& name, const auto& a, const auto& b) { EXPECT_EQ(a, b) << name.str(); }, again,
      model);
}

}  // namespace tutorial_test
