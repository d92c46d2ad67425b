#pragma once

#include "translate/evaluate_command.hpp"
#include "translate/run_command.hpp"

namespace examples {

/// `translate demo`: trains on the data in the repository and shows the results.
struct DemoCommand {
  std::string data = HEED_EXAMPLE_DATA, out = "demo";
  TrainingOptions training = demo_recipe();

  void add_to(CLI::App& command) {
    command.add_option("--data", data, "folder with train.tsv, dev.tsv, test_iid.tsv and showcase.tsv")
        ->capture_default_str();
    command.add_option("--out", out, "folder for the model and the picture")->capture_default_str();
    add_training_options(command, training);
    add_checkpoint_options(command, training);
    add_threads(command, training.threads);
  }

  int execute(const std::filesystem::path& program) {
    const std::filesystem::path in = folder_path(data), folder = output_folder(out);
    std::filesystem::create_directories(folder);
    const auto model_path = folder / "model.safetensors", picture_path = folder / "alignment.svg";
    training.save = model_path.string();
    std::vector<NamedFile> inputs, outputs = saved_files(training, "model");
    for (const char* const name : {"train.tsv", "dev.tsv", "test_iid.tsv", "showcase.tsv"}) {
      inputs.push_back({"data file", in / name});
    }
    outputs.push_back({"picture", picture_path});
    check_outputs(inputs, outputs);
    Checkpoints(training).check();
    const auto train = heed::read_pairs(in / "train.tsv"), dev = heed::read_pairs(in / "dev.tsv");
    const auto test = heed::read_pairs(in / "test_iid.tsv");
    const auto showcase = heed::read_pairs(in / "showcase.tsv", {.allow_missing_target = true});

    heed::Translator translator(demo_model(), heed::Vocabulary::build(train, 1, &heed::SentencePair::source),
                                heed::Vocabulary::build(train, 1, &heed::SentencePair::target));
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
    const Evaluation scores = evaluate(translator, test, {}, training.threads);
    EvaluateCommand::print(test.size(), scores);

    std::cout << "\nExamples that are not in the training data:\n";
    heed::SampleWorkspace<float> work;
    std::vector<heed::Words> sentences;
    for (const auto& pair : showcase) sentences.push_back(pair.source);
    const auto translations = translate(translator, sentences, {}, work);
    for (const auto& best : translations) {
      std::cout << "  " << heed::join_words(best.front().source) << "\n  -> " << heed::join_words(best.front().target)
                << '\n';
    }
    const Translation& first = translations.front().front();
    std::cout << "\nAttention weights of the first example (a row per target word); three words are reversed.\n\n"
              << heed::alignment_blocks(first.weights, first.source, first.target) << '\n';
    write_text_file(picture_path, heed::alignment_svg(first.weights, first.source, first.target,
                                                      "Attention weights of each French word"));
    const bool learned = scores.exact_match >= 90;
    if (!learned) std::cerr << "translate demo: the exact match on the test sentences is below 90 %\n";
    std::cout << "program: " << program.string() << "\nmodel: " << model_path.string()
              << "\npicture: " << picture_path.string() << '\n';
    return learned ? 0 : 1;
  }
};

}  // namespace examples
