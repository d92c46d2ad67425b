#include "support/pair_task.hpp"

#include "support/files.hpp"
#include "support/line_filter.hpp"
#include "support/program.hpp"
#include "translate/evaluation.hpp"
#include "translate/options.hpp"
#include "translate/translation.hpp"
#include "translate/vocabularies.hpp"

#include <heed/io/alignment_picture.hpp>

#include <iostream>
#include <set>

namespace examples {
namespace {

class PairProgram {
 public:
  explicit PairProgram(const PairTask& task)
      : task_(task), out_(task.name + "-demo"), pairs_(task.pairs), claim_(task.claim) {
    config_.hidden = task.hidden;
    config_.embedding = task.embedding;
    training_.epochs = task.epochs;
    training_.batch = task.batch;
    training_.rate = task.rate;
    training_.threads = default_threads();
  }

  void add_to(CLI::App& app) {
    auto* const model =
        app.add_option("--model", model_, "trained model to apply to standard input, line by line (no training)");
    app.add_option("--out", out_, "folder for the model and the picture")->capture_default_str()->excludes(model);
    app.add_option("--pairs", pairs_, "number of training pairs")
        ->check(CLI::Range(64, 1000000))
        ->capture_default_str();
    app.add_option("--unseen", unseen_, "number of unseen test lines")
        ->check(CLI::Range(1, 2000))
        ->capture_default_str();
    app.add_option("--claim", claim_, "minimum exact match on the test lines in percent; the program fails below it")
        ->check(detail::between(0, 100))
        ->capture_default_str();
    app.add_option("--hidden-size", config_.hidden, "size of the hidden state")
        ->check(CLI::Range(1, 16384))
        ->capture_default_str();
    app.add_option("--embedding-size", config_.embedding, "size of a token embedding")
        ->check(CLI::Range(1, 16384))
        ->capture_default_str();
    add_training_options(app, training_);
    add_checkpoint_options(app, training_);
    add_threads(app, training_.threads);
  }

  int execute() { return model_.empty() ? learn() : answer(); }

 private:
  int learn() {
    const std::filesystem::path folder = output_folder(out_);
    std::filesystem::create_directories(folder);
    training_.save = (folder / "model.safetensors").string();
    std::vector<NamedFile> outputs = saved_files(training_, "model");
    outputs.push_back({"picture", folder / "alignment.svg"});
    check_outputs({}, outputs);
    Checkpoints(training_).check();
    // The data are the same in every run; --seed affects training only.
    const auto train = make_pairs(pairs_, 1, false), dev = make_pairs(500, 2, false),
               unseen = make_pairs(unseen_, 3, true);
    heed::Translator translator = make_translator(config_, train);
    heed::Random random(training_.seed);
    heed::initialize(translator.model, random);
    std::cout << "Training on " << train.size() << " pairs (" << heed::parameter_count(translator.model)
              << " parameters, " << training_.threads << (training_.threads == 1 ? " thread)\n" : " threads)\n")
              << std::flush;
    TrainingResult result;
    {
      Progress progress;
      result = Training(translator, train, dev, training_).run(progress);
    }
    if (result.interrupted) {
      std::cerr << interrupted_text(training_) << '\n';
      return 1;
    }
    std::cout << "Trained in " << detail::formatted("%.1f", result.seconds) << " s.\n\n";
    heed::prepack(translator.model);
    return report(translator, unseen, folder);
  }

  /// Generates `count` pairs from a seed. Unseen pairs have different sources.
  std::vector<heed::SentencePair> make_pairs(int count, std::uint64_t seed, bool unseen) const {
    heed::Random random(seed);
    std::vector<heed::SentencePair> pairs;
    std::set<std::string> made;
    while (pairs.size() < static_cast<std::size_t>(count)) {
      const LinePair lines = task_.make(random, unseen);
      if (unseen && !made.insert(lines.source).second) continue;
      auto& pair = pairs.emplace_back();
      pair.source = task_.cut(lines.source);
      pair.target = task_.cut(lines.target);
    }
    return pairs;
  }

  int report(const heed::Translator& translator, const std::vector<heed::SentencePair>& unseen,
             const std::filesystem::path& folder) const {
    const EncodedPairs encoded(unseen, translator);
    const auto found = translate_all(translator, unseen, encoded, {}, training_.threads);
    std::vector<heed::Words> wanted;
    for (const auto& pair : unseen) wanted.push_back(pair.target);
    const double exact = heed::exact_match(found, wanted);
    std::cout << "Exact match on " << unseen.size() << " unseen lines: " << detail::formatted("%.1f", exact) << " %.\n";
    int shown = 0;
    for (std::size_t i = 0; i < unseen.size() && shown < 3; ++i) {
      if (found[i] == wanted[i]) continue;
      std::cout << (shown++ == 0 ? "Errors, for example:\n" : "") << "  " << task_.join(unseen[i].source) << "\n  -> "
                << task_.join(found[i]) << "\n  expected " << task_.join(wanted[i]) << '\n';
    }

    std::vector<heed::Words> lines;
    for (const auto& line : task_.showcase) lines.push_back(task_.cut(line));
    heed::SampleWorkspace<float> work;
    const auto answers = translate(translator, lines, {}, work);
    std::cout << "\nExamples that are not in the training data:\n";
    for (const auto& best : answers) {
      std::cout << "  " << task_.join(best.front().source) << "\n  -> " << task_.join(best.front().target) << '\n';
    }
    const auto picture = folder / "alignment.svg";
    const Translation& first = answers.front().front();
    std::cout << "\nAttention weights of the first example:\n\n"
              << heed::alignment_blocks(first.weights, first.source, first.target) << '\n';
    write_text_file(picture, heed::alignment_svg(first.weights, first.source, first.target, task_.picture));
    std::cout << "model: " << training_.save << "\npicture: " << picture.string() << '\n';
    if (exact >= claim_) return 0;
    std::cerr << task_.name << ": the exact match is below --claim " << claim_ << " %\n";
    return 1;
  }

  /// Applies a trained model to standard input, line by line.
  int answer() const {
    heed::Translator translator = heed::Translator::load(std::filesystem::path(model_));
    heed::prepack(translator.model);
    const DecodingOptions how{.search = {.keep_weights = false}};
    heed::SampleWorkspace<float> work;
    LineFilter filter;
    filter.program = task_.name;
    filter.parse = [this](const heed::LineReader& reader) {
      heed::Words words = task_.cut(reader.text());
      if (words.size() > longest_line) {
        reader.fail("the line has " + std::to_string(words.size()) + " tokens, at most " +
                    std::to_string(longest_line) + " are allowed");
      }
      heed::detail::refuse_sentence_marks(reader, words, "the line");
      return words;
    };
    filter.answer = [&](const std::vector<InputLine>& lines, int) {
      std::vector<heed::Words> sentences;
      for (const InputLine& line : lines) sentences.push_back(line.words);
      std::vector<Answer> answers;
      for (const auto& best : translate(translator, sentences, how, work)) {
        answers.emplace_back().out = task_.join(best.front().target) + '\n';
      }
      return answers;
    };
    return filter.run();
  }

  static constexpr std::size_t longest_line = 1000;

  const PairTask& task_;
  std::string out_, model_;
  int pairs_, unseen_ = 1000;
  double claim_;
  heed::TranslatorConfig config_;
  TrainingOptions training_;
};

}  // namespace

int run_pair_task(std::string_view name, PairTask (*make_task)(), int argc, char** argv) {
  return run_program(name, [&] {
    const PairTask task = make_task();
    CLI::App app(task.about + "\nResults go to standard output, progress and errors to standard error.");
    PairProgram program(task);
    program.add_to(app);
    return parse_and_execute(app, argc, argv, [&] { return program.execute(); });
  });
}

}  // namespace examples
