#include <heed/compiled/translator.hpp>

#include <heed/io/translator.hpp>
#include <heed/text/alignment.hpp>
#include <heed/text/words.hpp>

#include <cmath>
#include <numeric>

namespace heed { inline namespace v0_2 { namespace compiled {

namespace {

constexpr std::size_t lines_together = 64;  ///< maximum batch size of a search

/// Source and target sentences of the training data, as words and as tokens.
struct TrainingPairs {
  std::vector<Words> source_words, target_words;
  std::vector<std::vector<Token>> sources, targets;
  std::vector<Index> source_lengths, target_lengths;

  explicit TrainingPairs(std::span<const std::pair<std::string, std::string>> pairs) {
    require(!pairs.empty(), "Translator.train: there are no sentence pairs");
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      source_words.push_back(split_words(pairs[i].first));
      target_words.push_back(split_words(pairs[i].second));
      require(!source_words.back().empty() && !target_words.back().empty(), [&] {
        return "Translator.train: both sides of a pair must have words, but the " +
               std::string(source_words.back().empty() ? "source" : "target") + " of pair " + std::to_string(i) +
               " has none";
      });
    }
  }

  void encode(const Vocabulary& source, const Vocabulary& target) {
    for (std::size_t i = 0; i < source_words.size(); ++i) {
      sources.push_back(source.encode(source_words[i]));
      targets.push_back(target.encode(target_words[i]));
      source_lengths.push_back(static_cast<Index>(sources.back().size()));
      target_lengths.push_back(static_cast<Index>(targets.back().size()));
    }
  }

  double predictions() const {
    return static_cast<double>(std::accumulate(target_lengths.begin(), target_lengths.end(), Index{0}) +
                               static_cast<Index>(targets.size()));
  }
};

std::vector<std::span<const Token>> chosen(const std::vector<std::vector<Token>>& sentences,
                                           const std::vector<Index>& batch) {
  std::vector<std::span<const Token>> result;
  for (const Index i : batch) result.push_back(sentences[static_cast<std::size_t>(i)]);
  return result;
}

}  // namespace

struct Translator::Model {
  heed::Translator translator;

  explicit Model(heed::Translator translator_) : translator(std::move(translator_)) {}

  Translation translation(const Hypothesis<float>& found) const {
    Translation result;
    result.text = translator.target.decode(found.tokens);
    result.log_probability = found.log_probability;
    result.score = found.score;
    if (found.weights.rows() > 0) {
      result.alignment = alignment_from_weights(found.weights.leftCols(std::ssize(found.tokens)));
    }
    return result;
  }
};

Translator::Translator(std::unique_ptr<Model> model) : model_(std::move(model)) {}
Translator::Translator(Translator&&) noexcept = default;
Translator& Translator::operator=(Translator&&) noexcept = default;
Translator::~Translator() = default;

Translator Translator::load(const std::filesystem::path& path, WeightPrecision weights) {
  auto model = std::make_unique<Model>(load_translator(path));
  if (weights == WeightPrecision::float32) {
    prepack(model->translator.model);
  } else {
    convert(model->translator.model, weights == WeightPrecision::half ? Precision::half : Precision::bfloat16);
  }
  return Translator(std::move(model));
}

Translator Translator::train(std::span<const std::pair<std::string, std::string>> pairs, const TranslatorConfig& config,
                             const TrainOptions& options) {
  require(options.epochs >= 1,
          [&] { return "Translator.train: epochs must be 1 or more, got " + std::to_string(options.epochs); });
  TrainingPairs data(pairs);
  const auto vocabulary = [&](const std::vector<Words>& side) {
    return Vocabulary::build(side, options.minimum_count, [](const Words& words) -> const Words& { return words; });
  };
  auto model =
      std::make_unique<Model>(heed::Translator(config, vocabulary(data.source_words), vocabulary(data.target_words)));
  heed::Translator& translator = model->translator;
  data.encode(translator.source, translator.target);
  Random random(options.seed);
  initialize(translator.model, random);
  TrainerOptions how;
  how.threads = options.threads;
  how.clip = options.clip_norm;
  how.label_smoothing = options.label_smoothing;
  how.seed = options.seed;
  Trainer trainer(translator.model, Adam(translator.model, options.learning_rate), how);
  std::uint64_t number = 0;
  for (int epoch = 1; epoch <= options.epochs; ++epoch) {
    Random order(options.seed, static_cast<std::uint64_t>(epoch));
    double loss = 0;
    for (const auto& batch : make_batches(data.source_lengths, data.target_lengths, options.batch_size, order)) {
      loss += trainer.update(chosen(data.sources, batch), chosen(data.targets, batch), number++).loss;
    }
    loss /= data.predictions();
    if (options.after_epoch && !options.after_epoch({epoch, loss, std::exp(loss)})) break;
  }
  return Translator(std::move(model));
}

void Translator::save(const std::filesystem::path& path) const { save_translator(path, model_->translator); }

const TranslatorConfig& Translator::config() const { return model_->translator.config; }

std::string Translator::translate(std::string_view line, const TranslateOptions& options) const {
  const std::string lines[] = {std::string(line)};
  return std::move(translate(lines, options).front().front().text);
}

std::vector<std::vector<Translation>> Translator::translate(std::span<const std::string> lines,
                                                            const TranslateOptions& options) const {
  SearchOptions how;
  how.beam = options.beam;
  how.best = options.best;
  how.length_penalty = options.length_penalty;
  how.maximum_length = options.maximum_length;
  std::vector<std::vector<Translation>> result(lines.size());
  SearchWorkspace<float> work;
  Hypotheses<float> found;
  std::vector<std::vector<Token>> sources;
  std::vector<std::size_t> places;
  const auto finish = [&] {
    const std::vector<std::span<const Token>> batch(sources.begin(), sources.end());
    search(model_->translator.model, batch, how, work, found);
    for (std::size_t k = 0; k < found.size(); ++k) {
      for (const auto& hypothesis : found[k]) result[places[k]].push_back(model_->translation(hypothesis));
    }
    sources.clear();
    places.clear();
  };
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Words words = split_words(lines[i]);
    if (words.empty()) {
      result[i].emplace_back();  // an empty line has an empty translation
      continue;
    }
    sources.push_back(model_->translator.source.encode(words));
    places.push_back(i);
    if (sources.size() == lines_together) finish();
  }
  if (!sources.empty()) finish();
  return result;
}

}}}  // namespace heed::v0_2::compiled
