#pragma once

#include "sentiment/grammar.hpp"
#include "sentiment/run_command.hpp"

namespace examples {

/// `sentiment demo`: trains on sentences from a grammar and evaluates the model on other sentences from it.
struct SentimentDemoCommand {
  std::string out = "sentiment-demo";
  std::size_t sentences = 4000;
  double right_claim = 97, telling_claim = 90;
  ClassifierConfig config{.embedding = 64, .hidden = 32, .dropout = 0.5};
  ClassifierTrainingOptions options;

  void add_to(CLI::App& command) {
    command.add_option("--out", out, "folder for the model and the picture")->capture_default_str();
    command.add_option("--sentences", sentences, "number of training sentences")
        ->check(CLI::Range(32, 100000))
        ->capture_default_str();
    options.epochs = 6;
    options.rate = 5e-3;
    options.word_dropout = 0.1;
    add_classifier_options(command, config, options);
    add_checkpoint_options(command, options);
  }

  int execute() {
    const auto folder = output_folder(out);
    std::filesystem::create_directories(folder);
    options.save = (folder / "model.safetensors").string();
    std::vector<NamedFile> outputs = saved_files(options, "model");
    outputs.push_back({"picture", folder / "weights.svg"});
    check_outputs({}, outputs);
    Checkpoints(options).check();
    std::set<heed::Words> seen;  // the sentences are the same in every run; --seed affects training only
    const auto learned = make_remarks(sentences, 1, seen), held = make_remarks(500, 2, seen),
               unseen = make_remarks(1000, 3, seen);
    const auto in = labelled(learned);
    Classifier classifier(config, heed::Vocabulary::build(in, 1, &Labelled::words), labels_of(in));
    const auto encode = [&](const std::vector<Labelled>& given) {
      return EncodedSentences(given, classifier.vocabulary, classifier.labels);
    };
    const EncodedSentences train = encode(in), held_out = encode(labelled(held)), test = encode(labelled(unseen));
    std::cout << "Training on " << train.size() << " sentences (" << heed::parameter_count(classifier.model)
              << " parameters, " << options.threads << (options.threads == 1 ? " thread)\n" : " threads)\n")
              << std::flush;
    {
      Progress progress;
      if (!ClassifierTraining(classifier, train, held_out, options).run(progress)) {
        std::cerr << interrupted_text(options) << '\n';
        return 1;
      }
    }
    const auto verdicts = classify(classifier.model, test.sentences);
    const double right = accuracy(verdicts, test.labels), telling = on_telling_words(unseen, verdicts);
    std::cout << "Accuracy on " << test.size() << " test sentences: " << detail::formatted("%.1f", right)
              << " %, on those with a negated opinion: "
              << detail::formatted("%.1f", denied_right(unseen, verdicts, test.labels)) << " %.\nIn "
              << detail::formatted("%.1f", telling) << " % the largest weight is on a word of the opinion.\n\n";
    show(unseen, verdicts, classifier.labels, folder / "weights.svg");
    std::cout << "model: " << options.save << "\npicture: " << (folder / "weights.svg").string() << '\n';
    if (right >= right_claim && telling >= telling_claim) return 0;
    std::cerr << "sentiment: expected an accuracy of at least " << right_claim << " % and at least " << telling_claim
              << " % of the largest weights on a word of the opinion\n";
    return 1;
  }

 private:
  static std::vector<Labelled> labelled(const std::vector<Remark>& remarks) {
    std::vector<Labelled> result;
    for (const Remark& remark : remarks) result.push_back({remark.positive ? "positive" : "negative", remark.words});
    return result;
  }

  /// The percentage of remarks whose largest weight is on a word of the opinion.
  static double on_telling_words(const std::vector<Remark>& remarks, const std::vector<Verdict>& verdicts) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < remarks.size(); ++i) {
      const auto& weights = verdicts[i].weights;
      const auto largest = static_cast<std::size_t>(std::max_element(weights.begin(), weights.end()) - weights.begin());
      const auto& telling = remarks[i].telling;
      count += std::find(telling.begin(), telling.end(), largest) != telling.end();
    }
    return 100 * static_cast<double>(count) / static_cast<double>(remarks.size());
  }

  /// The accuracy on the remarks with a negated opinion, in percent.
  static double denied_right(const std::vector<Remark>& remarks, const std::vector<Verdict>& verdicts,
                             const std::vector<heed::Token>& labels) {
    std::vector<Verdict> of_denied;
    std::vector<heed::Token> wanted;
    for (std::size_t i = 0; i < remarks.size(); ++i) {
      if (!remarks[i].denied) continue;
      of_denied.push_back(verdicts[i]);
      wanted.push_back(labels[i]);
    }
    return accuracy(of_denied, wanted);
  }

  /// Prints and draws the first eight remarks with their weights.
  static void show(const std::vector<Remark>& remarks, const std::vector<Verdict>& verdicts, const heed::Words& labels,
                   const std::filesystem::path& picture) {
    std::vector<heed::WeightedWords> lines;
    for (std::size_t i = 0; i < 8; ++i) {
      lines.push_back(shown(remarks[i].words, verdicts[i], labels));
      std::cout << lines.back().label << "  " << heed::word_weights_text(lines.back(), can_colour()) << '\n';
    }
    std::cout << '\n';
    write_text_file(picture, heed::word_weights_svg(lines, "Predicted class, its probability, and attention weights"));
  }
};

}  // namespace examples
