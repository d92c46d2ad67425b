#pragma once

#include "support/config_file.hpp"
#include "translate/evaluate_command.hpp"
#include "translate/run_command.hpp"
#include "translate/vocabularies.hpp"

namespace examples {

/// `translate demo`: trains on the data in the repository and shows the results.
struct DemoCommand {
  std::string data = HEED_EXAMPLE_DATA, out = "demo", config_file = HEED_RECIPES "/toy.toml", direction = "both";
  heed::TranslatorConfig config;
  TrainingOptions training;

  void add_to(CLI::App& command) {
    command
        .add_option("--data", data,
                    "folder with train.tsv, dev.tsv, test_iid.tsv, test_long.tsv, test_unknown.tsv and showcase.tsv")
        ->capture_default_str();
    command.add_option("--out", out, "folder for the model and the picture")->capture_default_str();
    add_config(command, config_file);
    add_model_options(command, config, direction);
    training.threads = default_threads();
    add_training_options(command, training);
    add_log_options(command, training);
    add_checkpoint_options(command, training);
    add_threads(command, training.threads);
  }

  int execute(const std::filesystem::path& program) {
    const std::filesystem::path in = folder_path(data), folder = output_folder(out);
    std::filesystem::create_directories(folder);
    const auto model_path = folder / "model.safetensors", picture_path = folder / "alignment.svg";
    training.save = model_path.string();
    std::vector<NamedFile> inputs{{"--config", config_file}}, outputs = written_files(training, "model");
    for (const char* const name :
         {"train.tsv", "dev.tsv", "test_iid.tsv", "test_long.tsv", "test_unknown.tsv", "showcase.tsv"}) {
      inputs.push_back({"data file", in / name});
    }
    outputs.push_back({"picture", picture_path});
    check_outputs(inputs, outputs);
    Checkpoints(training).check();
    config.bidirectional = direction == "both";
    config.check();
    require_attention(true, config, "the new model", "the demo shows its attention weights");
    const auto read = [&](std::string_view name) {
      return heed::read_pairs(in / name, {.allow_missing_target = name == "showcase.tsv",
                                          .source_tokenizer = heed::Tokenizer(config.source_tokenizer),
                                          .target_tokenizer = heed::Tokenizer(config.target_tokenizer)});
    };
    const auto train = read("train.tsv"), dev = read("dev.tsv"), test = read("test_iid.tsv");
    const auto long_sentences = read("test_long.tsv"), unknown_words = read("test_unknown.tsv");
    const auto showcase = read("showcase.tsv");

    heed::Translator translator = make_translator(config, train);
    heed::Random random(training.seed);
    heed::initialize(translator.model, random);
    std::cout << "Training English to French on " << train.size() << " sentence pairs ("
              << heed::parameter_count(translator.model) << " parameters, " << training.threads
              << (training.threads == 1 ? " thread)\n" : " threads)\n") << std::flush;
    TrainingResult result;
    {
      Progress progress;
      result = Training(translator, train, dev, training).run(progress);
    }
    if (result.interrupted) {
      std::cerr << interrupted_text(training) << '\n';
      return 1;
    }
    std::cout << "Trained in " << two_decimals(result.seconds) << " s.\n\nTest sentences (test_iid.tsv):\n";
    heed::prepack(translator.model);
    DecodingOptions how;
    how.search.beam = 5;
    how.replace_unknown = true;
    const Evaluation scores = evaluate(translator, test, how, training.threads);
    EvaluateCommand::print(test.size(), scores);
    const Evaluation of_long = evaluate(translator, long_sentences, how, training.threads);
    std::cout << "\nSentences that are longer than all training sentences (test_long.tsv):\nexact match  "
              << two_decimals(of_long.exact_match) << " %\n";
    const Evaluation of_unknown = evaluate(translator, unknown_words, how, training.threads);
    std::cout << "\nSentences with one unknown noun, which is copied (test_unknown.tsv):\nword errors  "
              << two_decimals(of_unknown.word_error_rate) << " %\n";

    std::cout << "\nExamples that are not in the training data:\n";
    heed::SampleWorkspace<float> work;
    std::vector<heed::Words> sentences;
    for (const auto& pair : showcase) sentences.push_back(pair.source);
    how.search.keep_weights = true;
    const auto translations = translate(translator, sentences, how, work);
    for (const auto& best : translations) {
      std::cout << "  " << translator.source_tokenizer().detokenize(best.front().source) << "\n  -> "
                << translator.target_tokenizer().detokenize(best.front().target) << '\n';
    }
    const Translation& first = translations.front().front();
    std::cout << "\nAttention weights of the first example (a row per target word); three words are reversed.\n\n"
              << heed::alignment_blocks(first.weights, first.source, first.target) << '\n';
    write_text_file(picture_path, heed::alignment_svg(first.weights, first.source, first.target,
                                                      "Attention weights of each French word"));
    std::string problems;
    const auto expect = [&](bool good, const std::string& problem) {
      if (!good) problems += "translate demo: " + problem + '\n';
    };
    expect(scores.exact_match >= 98, "the exact match on the test sentences is below 98 %");
    expect(of_long.exact_match >= 80, "the exact match on the long sentences is below 80 %");
    expect(of_unknown.word_error_rate <= 10, "the word error rate with an unknown noun is above 10 %");
    expect(scores.alignment.error_rate.value_or(1) <= 0.05, "the alignment error rate is above 0.05");
    std::cerr << problems;
    std::cout << "program: " << program.string() << "\nmodel: " << model_path.string()
              << "\npicture: " << picture_path.string() << '\n';
    return problems.empty() ? 0 : 1;
  }
};

}  // namespace examples
