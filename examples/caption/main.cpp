/// caption: Show, Attend and Tell on generated pictures. A convolutional network encodes an image, and an LSTM decoder
/// that attends to the positions of its feature map generates a caption. For a word that names a shape, the attention
/// weights lie on that shape.

#include "caption/captioner.hpp"
#include "caption/picture.hpp"
#include "support/files.hpp"
#include "support/interrupt.hpp"
#include "support/program.hpp"
#include "translate/options.hpp"

#include <heed/text/vocabulary.hpp>

#include <array>
#include <atomic>
#include <cstdio>
#include <iostream>

namespace examples {

/// A batch of scenes: the pixels and the caption tokens that the model takes.
struct SceneBatch {
  std::vector<Scene> scenes;
  std::vector<std::vector<float>> pixels;
  std::vector<std::vector<heed::Token>> captions;
  std::vector<std::span<const float>> images;           ///< views of `pixels`
  std::vector<std::span<const heed::Token>> sentences;  ///< views of `captions`

  /// Scenes first ... first + count - 1.
  SceneBatch(const Scenes& drawn, const heed::Vocabulary& words, std::uint64_t first, std::size_t count)
      : pixels(count, std::vector<float>(static_cast<std::size_t>(Scenes::grid.places() * Scenes::channels))) {
    for (std::size_t i = 0; i < count; ++i) {
      scenes.push_back(drawn.scene(first + i));
      drawn.draw(first + i, scenes[i], pixels[i]);
      captions.push_back(words.encode(scenes[i].caption));
    }
    images.assign(pixels.begin(), pixels.end());
    sentences.assign(captions.begin(), captions.end());
  }
  SceneBatch(const SceneBatch&) = delete;  // the spans point into this object
};

/// The results on test images. Attention is measured as it reaches the decoder: the weights times the gate, so a closed
/// gate contributes nothing.
struct CaptionScores {
  long images = 0, exact = 0;
  double attention = 0, mass = 0;  ///< attention of words that name a shape: in total, and on that shape

  double exact_share() const { return static_cast<double>(exact) / static_cast<double>(images); }
  double looks = 0, seen = 0;  ///< `attention` and `mass` with an open gate
  double open_share() const { return looks > 0 ? seen / looks : 0; }
  double mass_share() const { return attention > 0 ? mass / attention : 0; }
};

struct CaptionProgram {
  using Model = Captioner<float>;

  std::string out = "caption";
  std::uint64_t images = 160000, unseen = 1000, figures = 3, seed = 1;
  heed::Index batch = 16, hidden = 64, embedding = 48, alignment = 64;
  double rate = 3e-3, clip = 1, lambda = 0, context_dropout = 0.3;
  heed::SearchOptions search;
  int threads = default_threads();

  void add_to(CLI::App& app) {
    const auto add = [&](const char* name, auto& value, const char* what) {
      return app.add_option(name, value, what)->capture_default_str();
    };
    add("--out", out, "folder for the picture");
    add("--images", images, "number of training images; each is used once")->check(CLI::Range(1, 100000000));
    add("--unseen", unseen, "number of test images")->check(CLI::Range(1, 1000000));
    add("--figures", figures, "maximum number of figures in an image")->check(CLI::Range(1, 3));
    add("--batch-size", batch, "images per batch")->check(CLI::Range(1, 4096));
    add("--hidden-size", hidden, "size of the hidden state")->check(CLI::Range(1, 4096));
    add("--embedding-size", embedding, "size of a word embedding and of the decoder's features")
        ->check(CLI::Range(1, 4096));
    add("--alignment", alignment, "alignment size of the additive scorer")->check(CLI::Range(1, 4096));
    add("--learning-rate", rate, "peak learning rate of Adam")->check(detail::between(1e-9, 10));
    add("--clip-norm", clip, "gradient clipping: maximum global norm; 0 is off")->check(detail::between(0, 1e9));
    add("--context-dropout", context_dropout,
        "dropout rate of the context as an input of the recurrent cell; a step keeps or drops all of it")
        ->check(detail::between(0, 0.99));
    add("--lambda", lambda, "weight of the doubly stochastic penalty")->check(detail::between(0, 1e3));
    add("--beam-size", search.beam, "beam size; 1 is greedy search")->check(CLI::Range(1, 100));
    add("--seed", seed, "random seed of the initial parameters and the images")->check(detail::whole_number);
    add_threads(app, threads);
  }

  int execute() {
    const std::filesystem::path folder = output_folder(out);
    std::filesystem::create_directories(folder);
    search.maximum_length = 24;  // no caption has more than 13 words
    Model model = make();
    heed::Random random(seed);
    heed::initialize(model, random);
    std::cout << "Training on " << images << " images (" << heed::parameter_count(model) << " parameters)\n"
              << std::flush;
    if (!train(model)) {
      std::cerr << "interrupted; the model was not evaluated\n";
      return 1;
    }
    heed::prepack(model);
    const auto picture = folder / "caption.svg";
    write_text_file(picture, draw(model));
    return report(measure(model), picture);
  }

 private:
  /// The number of the first test image; training images have lower numbers.
  static constexpr std::uint64_t unseen_from = std::uint64_t{1} << 40;
  static constexpr double min_exact = 0.97, min_mass = 0.9;

  const heed::Vocabulary words_ = heed::Vocabulary::build(Scenes::words());

  Model make() const {
    const auto stage = [](heed::Index channels, heed::Index output, heed::Index size, heed::Index pool) {
      return heed::ImageStage<float>{
          heed::Conv2d<float>(channels, output, {.height = size, .width = size, .padding = size / 2}),
          heed::MaxPool2d<float>(heed::Window{.height = pool, .width = pool, .stride = pool}),
      };
    };
    Model model;
    model.encoder =
        heed::ImageEncoder<float>({stage(Scenes::channels, 12, 3, 2), stage(12, 24, 3, 2), stage(24, 48, 1, 1)});
    const heed::Index annotation = model.encoder.output_size();
    model.target = heed::Embedding<float>(embedding, words_.size());
    model.decoder = Model::Decoder(
        {.word_size = embedding, .memory_size = annotation, .hidden_size = hidden, .feature_size = embedding},
        {{heed::AdditiveScorer<float>(hidden, annotation, alignment), {}}, hidden});
    // Without this dropout the state stores the contexts, and later words attend to arbitrary positions or close the
    // gate.
    model.decoder.context_dropout = heed::Dropout<float>(context_dropout);
    model.output = heed::Linear<float>(embedding, words_.size());
    model.height = Scenes::grid.height;
    model.width = Scenes::grid.width;
    return model;
  }

  /// Trains the model. Returns false if interrupted. Each batch is generated when it is needed: no image is used twice.
  bool train(Model& model) const {
    const Scenes drawn(seed, figures);
    heed::TrainerOptions options;
    options.threads = threads;
    options.clip = clip;
    options.seed = seed;
    options.doubly_stochastic = lambda;
    heed::Trainer trainer(model, heed::Adam(model, rate), options);
    const heed::LinearRate schedule{rate, static_cast<double>(images) / static_cast<double>(batch)};
    const InterruptScope interrupts;
    Progress progress;
    double shown_loss = std::numeric_limits<double>::quiet_NaN();
    long long tokens = 0;
    for (std::uint64_t first = 0, number = 0; first < images; first += static_cast<std::uint64_t>(batch), ++number) {
      if (interrupted()) return false;
      const std::uint64_t count = std::min(static_cast<std::uint64_t>(batch), images - first);
      const SceneBatch scenes(drawn, words_, first, count);
      trainer.optimizer.rate = schedule(static_cast<heed::Index>(number));
      const auto update = trainer.update(scenes.images, scenes.sentences, number);
      const double loss = update.loss / static_cast<double>(update.words);
      shown_loss = std::isnan(shown_loss) ? loss : 0.95 * shown_loss + 0.05 * loss;
      tokens += update.words;
      progress.show({1, 1, static_cast<double>(first + count) / static_cast<double>(images), shown_loss, tokens});
    }
    return true;
  }

  CaptionScores measure(const Model& model) const {
    constexpr std::uint64_t at_a_time = 50;
    const Scenes drawn(seed, figures);
    std::vector<CaptionScores> scores((unseen + at_a_time - 1) / at_a_time);
    std::atomic<std::size_t> next{0};
    heed::ThreadPool(threads).run([&](int) {
      CaptionerTape<float> tape;
      heed::SearchWorkspace<float> work;
      std::vector<heed::Hypothesis<float>> found;
      for (std::size_t k = next++; k < scores.size(); k = next++) {
        const SceneBatch batch_of(drawn, words_, unseen_from + k * at_a_time,
                                  std::min(at_a_time, unseen - k * at_a_time));
        model.encode(batch_of.images, tape);
        heed::search(model, tape.memory, search, work, found);
        model.decode(batch_of.images, batch_of.sentences, tape);  // an exact caption equals the reference
        for (heed::Index p = 0; p < tape.target.packing.sentences(); ++p) {
          const auto i = static_cast<std::size_t>(tape.target.packing.sentence(p));
          ++scores[k].images;
          if (found[i].tokens != batch_of.captions[i]) continue;
          ++scores[k].exact;
          tally(model, batch_of.scenes[i], tape, p, scores[k]);
        }
      }
    });
    CaptionScores total;
    for (const auto& part : scores) {
      total.images += part.images;
      total.exact += part.exact;
      total.attention += part.attention;
      total.mass += part.mass;
      total.looks += part.looks;
      total.seen += part.seen;
    }
    return total;
  }

  /// Adds the attention of an exact caption to `scores`. Two words name a shape: its colour and its noun. A position of
  /// the feature map counts as on the shape if the shape covers any of its pixels.
  static void tally(const Model& model, const Scene& scene, const CaptionerTape<float>& tape, heed::Index p,
                    CaptionScores& scores) {
    const heed::Grid places = model.places();
    const auto gates = model.decoder.attention.gates(tape.memory, tape.decoder.attention);
    for (std::size_t noun = 0; noun < scene.named.size(); ++noun) {
      if (!scene.named[noun]) continue;
      for (const std::size_t word : {noun - 1, noun}) {
        const heed::Index column = tape.target.packing.column(static_cast<heed::Index>(word), p);
        const double gate = static_cast<double>(gates(0, column));
        scores.attention += gate;
        scores.looks += 1;
        for (heed::Index place = 0; place < places.places(); ++place) {
          if (!Scenes::touches(scene.figures[*scene.named[noun]], places, place)) continue;
          const double weight = static_cast<double>(tape.decoder.attention.weights(place, column));
          scores.mass += gate * weight;
          scores.seen += weight;
        }
      }
    }
  }

  /// Draws the first test images of one, two and three figures, with the attention weights of their generated captions.
  std::string draw(const Model& model) const {
    CaptionerTape<float> tape;
    heed::SearchWorkspace<float> work;
    std::vector<heed::Hypothesis<float>> found;
    std::vector<CaptionedImage> rows;
    for (std::uint64_t number = 0; rows.size() < figures; ++number) {
      const SceneBatch one(Scenes(seed, figures), words_, unseen_from + number, 1);
      if (one.scenes[0].figures.size() != rows.size() + 1) continue;
      model.encode(one.images, tape);
      heed::search(model, tape.memory, search, work, found);
      const std::vector<std::span<const heed::Token>> caption{found[0].tokens};
      model.decode(one.images, caption, tape);
      CaptionedImage row{one.pixels[0], {}, tape.decoder.attention.weights, {}};
      const auto gates = model.decoder.attention.gates(tape.memory, tape.decoder.attention);
      for (std::size_t t = 0; t < caption[0].size(); ++t) {
        row.caption.push_back(words_.word(caption[0][t]));
        row.gates.push_back(gates(0, static_cast<heed::Index>(t)));
      }
      rows.push_back(std::move(row));
    }
    return caption_svg(rows, model.places(), "Attention weights of each word");
  }

  static int report(const CaptionScores& scores, const std::filesystem::path& picture) {
    std::printf("\ntest images                              %ld\n", scores.images);
    std::printf("exact captions                           %.1f %% (minimum %.0f)\n", 100 * scores.exact_share(),
                100 * min_exact);
    std::printf("attention on the named shape             %.1f %% (minimum %.0f)\n", 100 * scores.mass_share(),
                100 * min_mass);
    std::printf("  with an open gate                      %.1f %%\n", 100 * scores.open_share());
    std::fflush(stdout);
    const bool holds = scores.exact_share() >= min_exact && scores.mass_share() >= min_mass;
    std::cout << "\nCaptions and attention " << (holds ? "reach" : "do NOT reach")
              << " the minimum.\npicture: " << picture.string() << '\n';
    return holds ? 0 : 1;
  }
};

}  // namespace examples

int main(int argc, char** argv) {
  return examples::run_program("caption", [&] {
    CLI::App app("Trains a model that describes pictures of shapes, and draws the attention weights of every word.");
    examples::CaptionProgram program;
    program.add_to(app);
    return examples::parse_and_execute(app, argc, argv, [&] { return program.execute(); });
  });
}
