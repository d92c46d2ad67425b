/// length: exact match against sentence length. Decoders that get a sentence as one fixed vector fail on long
/// sentences; a decoder that attends to every encoder state does not. All are trained with the same options, at the
/// same size, on the same data, and evaluated on sentences of increasing length.

#include "support/files.hpp"
#include "support/program.hpp"
#include "translate/evaluation.hpp"
#include "translate/options.hpp"

#include <heed/io/line_chart.hpp>

#include <algorithm>
#include <cstdio>
#include <iostream>

namespace examples {

/// The buckets of test_lenbuckets.tsv, by source words.
constexpr std::array<std::pair<std::size_t, std::size_t>, 7> buckets = {
    {{3, 6}, {7, 10}, {11, 14}, {15, 18}, {19, 22}, {23, 26}, {27, 30}}};

std::vector<std::string> bucket_names() {
  std::vector<std::string> names;
  for (const auto& [low, high] : buckets) names.push_back(std::to_string(low) + "-" + std::to_string(high));
  return names;
}

/// Exact match in percent for every bucket.
std::vector<double> exact_match_by_length(const heed::Translator& translator,
                                          const std::vector<heed::SentencePair>& pairs, int threads) {
  const EncodedPairs encoded(pairs, translator);
  const auto hypotheses = translate_all(translator, pairs, encoded, {}, threads);
  std::vector<double> result;
  for (const auto& [low, high] : buckets) {
    std::vector<heed::Words> found, wanted;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      if (pairs[i].source.size() < low || pairs[i].source.size() > high) continue;
      found.push_back(hypotheses[i]);
      wanted.push_back(pairs[i].target);
    }
    result.push_back(heed::exact_match(found, wanted));
  }
  return result;
}

/// Throws heed::Error if a bucket has no sentence. Called before training, which can take hours.
void check_buckets(const std::filesystem::path& file, const std::vector<heed::SentencePair>& pairs) {
  for (const auto& [low, high] : buckets) {
    const bool found = std::any_of(pairs.begin(), pairs.end(), [low = low, high = high](const auto& pair) {
      return pair.source.size() >= low && pair.source.size() <= high;
    });
    heed::require(found, [&, low = low, high = high] {
      return file.string() + ": expected at least one source sentence of " + std::to_string(low) + " to " +
             std::to_string(high) + " words, got none";
    });
  }
}

/// A model and its name in the picture.
struct Curve {
  std::string name;
  heed::TranslatorConfig config;
};

/// A decoder without attention, with the encoder of its paper.
Curve of_one_vector(const std::string& decoder, heed::TranslatorConfig config) {
  config.decoder = decoder;
  if (decoder == "plain") return {"one fixed vector", config};
  config.bidirectional = false;
  if (decoder == "cho") {
    config.cell = "gru-reset-before";
    return {"Cho et al. 2014", config};
  }
  config.cell = "lstm";
  config.reverse_source = true;
  return {"Sutskever et al. 2014", config};
}

/// Model sizes for all decoders. With the options below, training is short and the exact match is high.
heed::TranslatorConfig model_config() {
  heed::TranslatorConfig config;
  config.hidden = 96;
  config.dropout = 0.1;
  return config;
}
TrainingOptions training_options() {
  TrainingOptions options;
  options.epochs = 7;
  options.batch = 16;
  options.rate = 4e-3;
  options.threads = default_threads();
  return options;
}

/// Number of pairs, the first of train.tsv, to train on.
constexpr std::size_t training_pairs = 20'000;

struct LengthProgram {
  std::string data = HEED_EXAMPLE_DATA, out = "length", attending = "bahdanau";
  std::vector<std::string> fixed = {"plain"};
  heed::TranslatorConfig config = model_config();
  TrainingOptions training = training_options();

  void add_to(CLI::App& app) {
    app.add_option("--data", data, "folder with train.tsv, dev.tsv and test_lenbuckets.tsv")->capture_default_str();
    app.add_option("--out", out, "folder for the models and the picture")->capture_default_str();
    app.add_option("--fixed", fixed, "decoders without attention to compare with, separated by commas")
        ->delimiter(',')
        ->check(CLI::IsMember({"plain", "cho", "sutskever"}))
        ->capture_default_str();
    app.add_option("--attending", attending, "decoder with attention")
        ->check(CLI::IsMember({"bahdanau", "luong"}))
        ->capture_default_str();
    app.add_option("--hidden-size", config.hidden, "size of the hidden state")
        ->check(CLI::Range(1, 16384))
        ->capture_default_str();
    add_training_options(app, training);
    add_checkpoint_options(app, training);
    add_threads(app, training.threads);
  }

  int execute() {
    const std::filesystem::path in = folder_path(data), folder = output_folder(out);
    std::filesystem::create_directories(folder);
    std::vector<Curve> models;
    for (const std::string& decoder : fixed) models.push_back(of_one_vector(decoder, config));
    config.decoder = attending;
    models.push_back({attending == "luong" ? "attention (Luong)" : "attention (Bahdanau)", config});
    const std::vector<TrainingOptions> runs = check_runs(in, folder, models);
    auto train = heed::read_pairs(in / "train.tsv");
    const auto dev = heed::read_pairs(in / "dev.tsv");
    train.resize(std::min(train.size(), training_pairs));
    const auto test = heed::read_pairs(in / "test_lenbuckets.tsv");
    check_buckets(in / "test_lenbuckets.tsv", test);
    const std::size_t first = first_unfinished(runs);
    std::vector<heed::Series> curves;
    for (std::size_t i = 0; i < models.size(); ++i) {
      const auto& [name, model] = models[i];
      heed::Translator translator = make_translator(model, train);
      if (i < first) {
        load_finished(runs[i].save, translator);
      } else if (!learn(translator, train, dev, runs[i])) {
        std::cerr << interrupted_text(runs[i]) << '\n';
        return 1;
      }
      heed::prepack(translator.model);
      curves.push_back({name, exact_match_by_length(translator, test, training.threads), {}});
    }
    return report(curves, folder / "length.svg");
  }

 private:
  /// The training options of every model. Removes the state of unfinished runs if --restart is given. Throws
  /// heed::Error if an output would replace an input, another output or an unfinished run.
  std::vector<TrainingOptions> check_runs(const std::filesystem::path& in, const std::filesystem::path& folder,
                                          const std::vector<Curve>& models) const {
    std::vector<NamedFile> inputs, outputs{{"picture", folder / "length.svg"}};
    for (const char* const name : {"train.tsv", "dev.tsv", "test_lenbuckets.tsv"}) {
      inputs.push_back({"data file", in / name});
    }
    std::vector<TrainingOptions> runs;
    for (const Curve& model : models) {
      TrainingOptions& run = runs.emplace_back(training);
      run.save = (folder / (model.config.decoder + ".safetensors")).string();
      for (const NamedFile& file : saved_files(run, "model")) outputs.push_back(file);
    }
    check_outputs(inputs, outputs);
    const std::size_t first = first_unfinished(runs);
    for (std::size_t i = 0; i < runs.size(); ++i) {
      runs[i].resume = training.resume && i == first;
      Checkpoints(runs[i]).check();
    }
    for (std::size_t i = 0; training.restart && i < runs.size(); ++i) Checkpoints(runs[i]).remove();
    return runs;
  }

  /// The index of the first model to train: with --resume, the models before it are finished; otherwise 0.
  std::size_t first_unfinished(const std::vector<TrainingOptions>& runs) const {
    for (std::size_t i = 0; training.resume && i < runs.size(); ++i) {
      if (std::filesystem::exists(Checkpoints::state_path(runs[i].save))) return i;
    }
    return 0;
  }

  static void load_finished(const std::string& save, heed::Translator& translator) {
    auto saved = heed::Translator::load(std::filesystem::path(save));
    heed::require(same_structure(saved, translator), [&] { return save + ": is not a model of the interrupted run"; });
    translator = std::move(saved);
  }

  /// Trains a model. Returns false if interrupted.
  static bool learn(heed::Translator& translator, const std::vector<heed::SentencePair>& train,
                    const std::vector<heed::SentencePair>& dev, const TrainingOptions& run) {
    heed::Random random(run.seed);
    heed::initialize(translator.model, random);
    std::cout << "Training the " << translator.config.decoder << " decoder (" << heed::parameter_count(translator.model)
              << " parameters)\n"
              << std::flush;
    Progress progress;
    return !Training(translator, train, dev, run).run(progress).interrupted;
  }

  static int report(const std::vector<heed::Series>& curves, const std::filesystem::path& picture) {
    const auto names = bucket_names();
    std::cout << "\nExact match (%) on test sentences, by number of source words\n\nwords";
    for (const auto& curve : curves) std::cout << "  " << curve.name;
    std::cout << '\n';
    for (std::size_t i = 0; i < names.size(); ++i) {
      std::printf("%-5s", names[i].c_str());
      for (const auto& curve : curves) std::printf("  %*.1f", static_cast<int>(curve.name.size()), curve.values[i]);
      std::printf("\n");
    }
    std::fflush(stdout);
    const heed::ChartOptions chart{"Exact match against sentence length", "words in the source sentence",
                                   "exact match (%)", names};
    write_text_file(picture, heed::line_chart_svg(chart, curves));
    const auto& attention = curves.back().values;
    bool holds = true;
    for (std::size_t i = names.size() - 2; i < names.size(); ++i) {
      for (const auto& curve : std::span(curves).first(curves.size() - 1)) {
        holds = holds && attention[i] >= curve.values[i] + 75 && curve.values[i] < 10;
      }
    }
    std::cout << "\nIn the two longest buckets attention is " << (holds ? "" : "NOT ")
              << "at least 75 points better than every fixed vector, and these are below 10.\npicture: "
              << picture.string() << '\n';
    return holds ? 0 : 1;
  }
};

}  // namespace examples

int main(int argc, char** argv) {
  return examples::run_program("length", [&] {
    CLI::App app("Trains decoders with and without attention on the same data and compares them by sentence length.");
    examples::LengthProgram program;
    program.add_to(app);
    return examples::parse_and_execute(app, argc, argv, [&] { return program.execute(); });
  });
}
