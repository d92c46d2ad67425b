/// caption: Show, Attend and Tell on pictures that it draws itself. A convolutional network reads an image, an LSTM that
/// looks back at the places of the image says what is to be seen, and where it looked is where the named shape stands.

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

/// Scenes as a model takes them: their pixels and the words of their captions.
struct SceneBatch {
  std::vector<Scene> scenes;
  std::vector<std::vector<float>> pixels;
  std::vector<std::vector<heed::Token>> captions;
  std::vector<std::span<const float>> images;           ///< of `pixels`
  std::vector<std::span<const heed::Token>> sentences;  ///< of `captions`

  /// Scenes first ... first + count.
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
  SceneBatch(const SceneBatch&) = delete;  // the spans are of this one
};

/// What was measured on unseen images. Attention is what reaches the decoder, the weights times the gate: where a shut gate
/// looks has no say.
struct CaptionScores {
  long images = 0, exact = 0;
  double attention = 0, mass = 0;  ///< for the words of exact captions that name a shape: all; that on the shape

  double exact_share() const { return static_cast<double>(exact) / static_cast<double>(images); }
  double looks = 0, seen = 0;  ///< the same, as if the gate were always open
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
    add("--images", images, "images to learn from, each seen once")->check(CLI::Range(1, 100000000));
    add("--unseen", unseen, "images to measure on")->check(CLI::Range(1, 1000000));
    add("--figures", figures, "figures on an image at most")->check(CLI::Range(1, 3));
    add("--batch", batch, "images in a batch")->check(CLI::Range(1, 4096));
    add("--hidden", hidden, "size of the recurrent state")->check(CLI::Range(1, 4096));
    add("--embedding", embedding, "size of an embedded word, and of the features")->check(CLI::Range(1, 4096));
    add("--alignment", alignment, "size of the layer that scores a place")->check(CLI::Range(1, 4096));
    add("--rate", rate, "learning rate of Adam, at its highest")->check(detail::between(1e-9, 10));
    add("--clip", clip, "largest global norm of the gradient (0: never clipped)")->check(detail::between(0, 1e9));
    add("--context-dropout", context_dropout,
        "share of the steps at which the recurrent state is not shown the context")
        ->check(detail::between(0, 0.99));
    add("--lambda", lambda, "weight of the doubly stochastic penalty")->check(detail::between(0, 1e3));
    add("--beam", search.beam, "hypotheses kept for each caption; 1 is greedy")->check(CLI::Range(1, 100));
    add("--seed", seed, "of the first parameters and of the images")->check(detail::whole_number);
    add_threads(app, threads);
  }

  int execute() {
    const std::filesystem::path folder = output_folder(out);
    std::filesystem::create_directories(folder);
    search.maximum_length = 24;  // none is longer than 15
    Model model = make();
    heed::Random random(seed);
    heed::initialize(model, random);
    std::cout << "Learning to describe from " << images << " images (" << heed::parameter_count(model)
              << " parameters)\n"
              << std::flush;
    if (!train(model)) {
      std::cerr << "interrupted; nothing was measured\n";
      return 1;
    }
    heed::prepack(model);
    const auto picture = folder / "caption.svg";
    write_text_file(picture, draw(model));
    return report(measure(model), picture);
  }

 private:
  /// Unseen images come from a stream of their own.
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
    // A state that is shown every context stores what it sees, and words that come later look anywhere, or not at all.
    model.decoder.context_dropout = heed::Dropout<float>(context_dropout);
    model.output = heed::Linear<float>(embedding, words_.size());
    model.height = Scenes::grid.height;
    model.width = Scenes::grid.width;
    return model;
  }

  /// Whether it came to the end. Batches are drawn as they are wanted: no image is seen twice.
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
        model.decode(batch_of.images, batch_of.sentences, tape);  // an exact caption is the one that was found
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

  /// A shape is named by its colour and its noun. Attention counts on the places any pixel of which the shape covers.
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

  /// The first unseen images of one, two and three figures, and where the model looked for its own captions of them.
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
    return caption_svg(rows, model.places(), "Where each word was looking");
  }

  static int report(const CaptionScores& scores, const std::filesystem::path& picture) {
    std::printf("\nUnseen images                            %ld\n", scores.images);
    std::printf("captions that are exact                  %.1f %% (at least %.0f)\n", 100 * scores.exact_share(),
                100 * min_exact);
    std::printf("attention on the shape that words name   %.1f %% (at least %.0f)\n", 100 * scores.mass_share(),
                100 * min_mass);
    std::printf("  were the gate always open              %.1f %%\n", 100 * scores.open_share());
    std::fflush(stdout);
    const bool holds = scores.exact_share() >= min_exact && scores.mass_share() >= min_mass;
    std::cout << "\nThe model "
              << (holds ? "says what is to be seen and looks" : "does NOT say what is to be seen, or look")
              << " where it is.\npicture: " << picture.string() << '\n';
    return holds ? 0 : 1;
  }
};

}  // namespace examples

int main(int argc, char** argv) {
  return examples::run_program("caption", [&] {
    CLI::App app("Learns to describe pictures of shapes, and shows where it looks for every word.");
    examples::CaptionProgram program;
    program.add_to(app);
    return examples::parse_and_execute(app, argc, argv, [&] { return program.execute(); });
  });
}
