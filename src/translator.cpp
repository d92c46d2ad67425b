#include <heed/compiled/translator.hpp>

#include <heed/io/translator.hpp>
#include <heed/training/fit.hpp>

#include <cmath>

namespace heed { inline namespace v0_2 { namespace compiled {

namespace {

/// Source and target sentences of the training data, as words and as tokens.
struct TrainingPairs {
  std::vector<Words> source_words, target_words;
  std::vector<std::vector<Token>> sources, targets;

  TrainingPairs(std::span<const std::pair<std::string, std::string>> pairs, const TranslatorConfig& config) {
    const Tokenizer source(config.source_tokenizer), target(config.target_tokenizer);
    require(!pairs.empty(), "Translator.train: there are no sentence pairs");
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      source_words.push_back(source.tokenize(pairs[i].first));
      target_words.push_back(target.tokenize(pairs[i].second));
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
    }
  }
};

SearchOptions search_options(const TranslateOptions& options) {
  SearchOptions how;
  how.beam = options.beam;
  how.best = options.best;
  how.length_penalty = options.length_penalty;
  how.maximum_length = options.maximum_length;
  return how;
}

}  // namespace

struct Translator::Model {
  heed::Translator translator;

  explicit Model(heed::Translator translator_) : translator(std::move(translator_)) {}
};

Translator::Translator(std::unique_ptr<Model> model) : model_(std::move(model)) {}
Translator::Translator(Translator&&) noexcept = default;
Translator& Translator::operator=(Translator&&) noexcept = default;
Translator::~Translator() = default;

Translator Translator::load(const std::filesystem::path& path, WeightPrecision weights) {
  auto model = std::make_unique<Model>(heed::Translator::load(path));
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
  TrainingPairs data(pairs, config);
  const auto vocabulary = [&](const std::vector<Words>& side) {
    return Vocabulary::build(side, options.minimum_count, [](const Words& words) -> const Words& { return words; });
  };
  std::vector<Words> both;
  if (config.shared_embeddings) {
    both = data.source_words;
    both.insert(both.end(), data.target_words.begin(), data.target_words.end());
  }
  auto model =
      std::make_unique<Model>(heed::Translator(config, vocabulary(config.shared_embeddings ? both : data.source_words),
                                               vocabulary(config.shared_embeddings ? both : data.target_words)));
  heed::Translator& translator = model->translator;
  data.encode(translator.source, translator.target);
  Random random(options.seed);
  initialize(translator.model, random);
  FitOptions how;
  how.epochs = options.epochs;
  how.batch_size = options.batch_size;
  how.learning_rate = options.learning_rate;
  how.trainer.threads = options.threads;
  how.trainer.clip = options.clip_norm;
  how.trainer.label_smoothing = options.label_smoothing;
  how.trainer.seed = options.seed;
  fit(translator.model, {data.sources, data.targets}, {}, how, [&](const FitEpoch& epoch) {
    return !options.after_epoch || options.after_epoch({epoch.number, epoch.loss, std::exp(epoch.loss)});
  });
  return Translator(std::move(model));
}

void Translator::save(const std::filesystem::path& path) const { model_->translator.save(path); }

const TranslatorConfig& Translator::config() const { return model_->translator.config; }

Translation Translator::translate(std::string_view line, const TranslateOptions& options) const {
  return model_->translator.translate(line, search_options(options));
}

std::vector<std::vector<Translation>> Translator::translate(std::span<const std::string> lines,
                                                            const TranslateOptions& options) const {
  return model_->translator.translate(lines, search_options(options));
}

}}}  // namespace heed::v0_2::compiled
