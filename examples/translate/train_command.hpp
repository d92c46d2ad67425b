#pragma once

#include "support/config_file.hpp"
#include "translate/decoding_options.hpp"
#include "translate/evaluation.hpp"
#include "translate/vocabularies.hpp"

#include <cstdio>
#include <iostream>
#include <memory>

namespace examples {

/// `translate train`: trains a model on sentence pairs.
struct TrainCommand {
  PairFiles data, dev;
  heed::TranslatorConfig config;
  std::string direction = "both", config_file;
  TrainingOptions training;
  VocabularyOptions vocabularies;
  DecodingOptions how;  ///< for the evaluation on the dev data after training

  void add_to(CLI::App& command) {
    add_pair_files(command, data, "", "training pairs");
    add_links(command, data);
    add_pair_files(command, dev, "dev-", "dev pairs");
    add_max_words(command, data.max_words)->group("Data");
    command
        .add_option("--data-cache", training.data_cache,
                    "folder for temporary files with the encoded training pairs, for more pairs than fit into the "
                    "memory (default: they are in memory)")
        ->group("Data");
    add_vocabulary_options(command, vocabularies, training);
    add_config(command, config_file);
    add_model_options(command, config, direction);
    training.threads = default_threads();
    add_training_options(command, training);
    add_log_options(command, training);
    add_search_options(command, how.search);
    add_threads(command, training.threads);
    auto* const save = command.add_option("--save", training.save, "file to write the model to (safetensors)");
    add_checkpoint_options(command, training, save);
  }

  int execute() {
    if (!data.given()) throw CLI::RequiredError("--pairs, or --source and --target,");
    config.bidirectional = direction == "both";
    config.check();
    vocabularies.check();
    heed::require(data.links.empty() || training.guided_alignment > 0 || training.word_dropout > 0,
                  "--links has no effect without --guided-alignment or --word-dropout");
    check(how);
    check(how, config, "the new model");
    check_save();
    dev.max_words = data.max_words;
    data.tokenize_for(config);
    dev.tokenize_for(config);
    const PairData pairs(data);
    const auto dev_pairs = dev.given() ? dev.read() : std::vector<heed::SentencePair>{};
    heed::Translator translator = make_translator(config, pairs, vocabularies);
    const bool main_process = Processes().is_main();
    heed::Random random(training.seed);
    heed::initialize(translator.model, random);
    pairs.check_subwords(translator);
    dev.tokenize_for(translator);
    for (const heed::SentencePair& pair : dev_pairs) dev.check_subwords(pair);
    Training run(translator, pairs, dev_pairs, training);
    if (main_process)
      std::cerr << run.pairs() << " pairs, " << translator.source.size() << " source and " << translator.target.size()
                << " target " << (translator.target_subwords.empty() ? "words" : "subwords") << ", "
                << heed::parameter_count(translator.model) << " parameters, " << training.threads
                << (training.threads == 1 ? " thread\n" : " threads\n");
    if (training.save.empty() && main_process) std::cerr << "note: without --save the model is not saved\n";
    const TrainingResult result = train(run);
    if (result.interrupted) {
      if (main_process) std::cerr << interrupted_text(training) << '\n';
      return 0;
    }
    std::cout << "trained in " << result.seconds << " s\n";
    if (!dev_pairs.empty() && main_process) {
      heed::prepack(translator.model);
      const Evaluation scores = evaluate(translator, dev_pairs, how, training.threads);
      std::cout << "dev: perplexity " << *scores.perplexity << ", BLEU " << scores.bleu << ", exact match "
                << scores.exact_match << " %\n";
    }
    return 0;
  }

 private:
  /// Throws heed::Error if the model cannot be written or would replace the data. Called before training.
  void check_save() const {
    std::vector<NamedFile> inputs = data.files();
    inputs.push_back({"--config", config_file});
    inputs.push_back({"--source-subwords", vocabularies.source_model});
    inputs.push_back({"--target-subwords", vocabularies.target_model});
    for (const NamedFile& file : dev.files()) inputs.push_back(file);
    check_outputs(inputs, written_files(training, "--save"));
    if (Processes().is_main()) Checkpoints(training).check();
  }

  static TrainingResult train(Training& run) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> no_output(std::fopen("/dev/null", "w"), std::fclose);
    Progress progress(Processes().is_main() ? stderr : no_output.get());
    return run.run(progress);
  }
};

}  // namespace examples
