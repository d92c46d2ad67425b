#pragma once

#include "translate/decoding_options.hpp"
#include "translate/evaluation.hpp"

#include <iostream>

namespace examples {

/// `translate train`: learns a model from sentence pairs.
struct TrainCommand {
  PairFiles data, dev;
  heed::TranslatorConfig config;
  std::string direction = "both";
  TrainingOptions training;
  DecodingOptions how;  ///< of the last measure on the dev data
  std::size_t minimum_frequency = 1;

  void add_to(CLI::App& command) {
    add_pair_files(command, data, "", "what to learn from");
    add_pair_files(command, dev, "dev-", "what the model is judged on");
    command.add_option("--min-frequency", minimum_frequency, "words seen less often become <unk>")
        ->group("Data")
        ->check(CLI::Range(1, 1000000))
        ->capture_default_str();
    add_max_words(command, data.max_words)->group("Data");
    add_model_options(command, config, direction);
    training.threads = default_threads();
    add_training_options(command, training);
    add_search_options(command, how.search);
    add_threads(command, training.threads);
    auto* const save = command.add_option("--save", training.save, "where to write the model (safetensors)");
    add_checkpoint_options(command, training, save);
  }

  int execute() {
    if (!data.given()) throw CLI::RequiredError("--pairs, or --source and --target,");
    config.bidirectional = direction == "both";
    config.check();
    check(how);
    check(how, config, "the model to be");
    check_save();
    dev.max_words = data.max_words;
    const auto pairs = data.read();
    const auto dev_pairs = dev.given() ? dev.read() : std::vector<heed::SentencePair>{};
    heed::Translator translator(config, heed::Vocabulary::build(pairs, minimum_frequency, &heed::SentencePair::source),
                                heed::Vocabulary::build(pairs, minimum_frequency, &heed::SentencePair::target));
    heed::Random random(training.seed);
    heed::initialize(translator.model, random);
    std::cerr << pairs.size() << " pairs, " << translator.source.size() << " source and " << translator.target.size()
              << " target words, " << heed::parameter_count(translator.model) << " parameters, " << training.threads
              << (training.threads == 1 ? " thread\n" : " threads\n");
    if (training.save.empty()) std::cerr << "note: without --save nothing is kept\n";
    const TrainingResult result = train(translator, pairs, dev_pairs);
    if (result.interrupted) {
      std::cerr << interrupted_text(training) << '\n';
      return 0;
    }
    std::cout << "trained in " << result.seconds << " s\n";
    if (!dev_pairs.empty()) {
      heed::prepack(translator.model);
      const Evaluation scores = evaluate(translator, dev_pairs, how, training.threads);
      std::cout << "dev: perplexity " << scores.perplexity << ", BLEU " << scores.bleu << ", exact match "
                << scores.exact_match << " %\n";
    }
    return 0;
  }

 private:
  /// Now, not after an hour of training: whether the model can be written, and would not replace what it learns from.
  void check_save() const {
    std::vector<NamedFile> inputs = data.files();
    for (const NamedFile& file : dev.files()) inputs.push_back(file);
    check_outputs(inputs, saved_files(training, "--save"));
    Checkpoints(training).check();
  }

  TrainingResult train(heed::Translator& translator, const std::vector<heed::SentencePair>& pairs,
                       const std::vector<heed::SentencePair>& dev_pairs) const {
    Progress progress;
    return Training(translator, pairs, dev_pairs, training).run(progress);
  }
};

}  // namespace examples
