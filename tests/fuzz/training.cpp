#include "fuzz/feed.hpp"

#include "translate/run_state.hpp"

using namespace heed;

/// Any bytes as the saved state of a training run of a small model with averaged parameters.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Translator initial = [] {
    TranslatorConfig config;
    config.cell = "rnn";
    config.decoder = "plain";
    config.hidden = config.embedding = 1;
    config.bidirectional = false;
    return Translator(config, Vocabulary(), Vocabulary());
  }();
  Translator translator = initial;
  Adam<TranslationModel<float>> optimizer(initial.model);
  MovingAverage<TranslationModel<float>> average(initial.model);
  examples::BestModels best{.limit = 2, .entries = {}};
  PlateauRate plateau;
  int epochs_since_best = 0, processes = 1, threads = 1, epoch = 0;
  std::size_t next_update = 0;
  test::feed(size, {128, heed::test::small_models}, [&] {
    const auto file = SafetensorsFile::parse(std::as_bytes(std::span(data, size)), std::string(test::input_name));
    load_run(file,
             examples::RunState{translator, optimizer, &average, best, plateau, epochs_since_best, processes, threads,
                                epoch, next_update},
             "as before");
    bool valid = epoch >= 0 && optimizer.updates >= 0 && epochs_since_best >= 0;
    for (const auto& entry : best.entries) valid = valid && entry.score >= 0;
    if (!valid) test::abort_with("accepted although a count is negative", "");
  });
  return 0;
}
