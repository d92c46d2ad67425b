#include "fuzz/feed.hpp"

#include "translate/run_state.hpp"

using namespace heed;

/// Any bytes as a run that stopped, of a small model whose parameters are averaged.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Translator begun = [] {
    TranslatorConfig config;
    config.cell = "rnn";
    config.decoder = "plain";
    config.hidden = config.embedding = 1;
    config.bidirectional = false;
    return Translator(config, Vocabulary(), Vocabulary());
  }();
  Translator translator = begun;
  Adam<TranslationModel<float>> optimizer(begun.model);
  MovingAverage<TranslationModel<float>> average(begun.model);
  TranslationModel<float> best = begun.model;
  PlateauRate plateau;
  double best_dev = 0;
  int epoch = 0;
  std::size_t next_update = 0;
  test::feed(size, {128, heed::test::small_models}, [&] {
    const auto file = SafetensorsFile::parse(std::as_bytes(std::span(data, size)), std::string(test::fed));
    load_run(file, examples::RunState{translator, optimizer, &average, &best, plateau, best_dev, epoch, next_update},
             "as before");
    if (epoch < 0 || optimizer.updates < 0 || !(best_dev >= 0)) test::blame("taken though it counts below 0", "");
  });
  return 0;
}
