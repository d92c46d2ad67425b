#include "translate/training.hpp"

#include "support/interrupt.hpp"
#include "translate/evaluation.hpp"
#include "translate/training_report.hpp"
#include "translate/translation.hpp"

#include <heed/text/subword_training.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>

namespace examples {

namespace {

/// The pairs of a batch.
struct ChosenPairs {
  std::vector<std::span<const heed::Token>> source, target;
  std::vector<std::span<const heed::Link>> links;
  std::vector<std::vector<heed::Token>> replaced;  ///< with word dropout: the sentences that `source` and `target` view
};

/// n / part, rounded up.
std::size_t parts_of(std::size_t n, heed::Index part) {
  return (n + static_cast<std::size_t>(part) - 1) / static_cast<std::size_t>(part);
}

}  // namespace

Training::Training(heed::Translator& translator, PairData train, const std::vector<heed::SentencePair>& dev,
                   TrainingOptions options)
    : translator_(translator),
      dev_pairs_(dev),
      options_(std::move(options)),
      train_data_(std::move(train)),
      train_(train_data_, translator, encoding(0)),
      dev_(dev, translator),
      checkpoints_(options_),
      trainer_(translator.model, heed::Adam(translator.model, options_.rate, 0.9, 0.999, 1e-8, options_.weight_decay),
               {options_.threads, options_.clip, options_.label_smoothing, options_.seed,
                options_.sampled_token == "sample" ? heed::SampledToken::sample : heed::SampledToken::argmax,
                options_.coverage_loss, options_.doubly_stochastic, options_.guided_alignment},
               processes_),
      settings_(settings()),
      word_dropout_(options_.word_dropout, train_.source),
      best_(translator),
      log_(processes_.is_main() ? options_.log : "", options_.resume) {
  options_.check(dev_.size() > 0);
  const double attention_losses = options_.coverage_loss + options_.doubly_stochastic + options_.guided_alignment;
  heed::require(translator.config.attends() || attention_losses == 0, [&] {
    return "--coverage-loss, --doubly-stochastic and --guided-alignment need attention, which --decoder " +
           translator.config.decoder + " does not have";
  });
  heed::require(options_.guided_alignment == 0 || train_.links.items() > 0,
                "--guided-alignment needs word links: give --links, or --pairs with links in the third column");
  heed::require(
      options_.subword_sampling == 0 || !translator.source_subwords.empty() || !translator.target_subwords.empty(),
      "--subword-sampling needs subwords: give --subwords, or --source-subwords or --target-subwords");
  if (options_.average > 0) average_.emplace(translator.model, options_.average);
  best_models_.limit = static_cast<std::size_t>(options_.average_best);
  plateau_.rate = options_.rate;
  plateau_.patience = options_.patience.value_or(plateau_patience);
  plateau_.factor = options_.rate_factor.value_or(plateau_factor);
  for (const auto& [name, value] : settings_)
    settings_text_ += (settings_text_.empty() ? "" : ", ") + name + ' ' + value;
}

TrainingResult Training::run(Progress& progress) {
  const InterruptScope interrupts;
  const auto start = std::chrono::steady_clock::now();
  if (processes_.is_main()) checkpoints_.check();
  if (options_.resume) load_state();
  require_equal_processes();
  double updates = 0;
  for (int epoch = 0; epoch < options_.epochs; ++epoch) updates += static_cast<double>(updates_of_epoch(epoch));
  const Schedule rate = rate_schedule(options_, updates), forcing = forcing_schedule(options_, updates);
  log_.start(settings_, environment(options_.threads), epoch_ + 1, trainer_.optimizer.updates);
  TrainingResult result;
  long long tokens = 0;
  double shown_loss = std::numeric_limits<double>::quiet_NaN();
  for (; epoch_ < options_.epochs; ++epoch_, next_update_ = 0) {
    sample_subwords(epoch_);
    const Batches batches = batches_of_epoch(epoch_);
    const std::size_t updates_in_epoch = parts_of(batches.size(), options_.accumulate);
    if (next_update_ == 0) save_state();
    for (; next_update_ < updates_in_epoch; ++next_update_) {
      if (processes_.any(interrupted())) {
        write_update_record();
        save_state();
        result.interrupted = true;
        return finish(result, start);
      }
      if (checkpoints_.due()) save_state();
      const auto number = static_cast<heed::Index>(trainer_.optimizer.updates);
      trainer_.optimizer.rate = options_.schedule == "plateau" ? plateau_(number) : rate(number);
      trainer_.teacher_forcing = forcing(number);
      const auto update_start = std::chrono::steady_clock::now();
      const auto update = update_on(batches, static_cast<std::uint64_t>(number));
      if (average_) average_->update(translator_.model);
      const double loss = update.loss / static_cast<double>(update.words);
      shown_loss = std::isnan(shown_loss) ? loss : 0.95 * shown_loss + 0.05 * loss;
      tokens += update.words;
      log_update(update, std::chrono::duration<double>(std::chrono::steady_clock::now() - update_start).count());
      const double in_epoch = static_cast<double>(next_update_ + 1) / static_cast<double>(updates_in_epoch);
      progress.show({epoch_ + 1, options_.epochs, (epoch_ + in_epoch) / options_.epochs, shown_loss, tokens});
    }
    end_epoch(progress, shown_loss);
    if (stops_early()) {
      progress.line("no improvement in " + std::to_string(*options_.early_stopping) + " epochs: training stops");
      break;
    }
  }
  if (options_.average_best > 1) average_best_models(progress);
  if (!best_saved_) save_best();  // the file may have been removed or replaced since it was saved
  if (processes_.is_main()) checkpoints_.remove();
  result = finish(result, start);
  log_.end(result.seconds);
  write_report_file();
  return result;
}

EncodedPairs::Options Training::encoding(double sampling) const {
  return {.sampling = sampling, .folder = options_.data_cache};
}

/// With --subword-sampling, splits the words of the training pairs into random pieces, which depend on the seed and the
/// epoch.
void Training::sample_subwords(int epoch) {
  if (options_.subword_sampling == 0) return;
  heed::Random random(options_.seed, ~static_cast<std::uint64_t>(epoch));
  sampled_.reset();
  heed::with_sampling_seed(static_cast<std::uint32_t>(random.below(std::numeric_limits<std::int32_t>::max())),
                           [&] { sampled_.emplace(train_data_, translator_, encoding(options_.subword_sampling)); });
  heed::require(sampled_->size() == train_.size(), "the files of training pairs have changed during training");
}

/// The batches of an epoch, shuffled. With --subword-sampling, they depend on the lengths without sampling.
Training::Batches Training::batches_of_epoch(int epoch) const {
  heed::Random random(options_.seed, static_cast<std::uint64_t>(epoch));
  if (options_.batch_words > 0) {
    std::vector<heed::Index> predictions = train_.target_lengths;
    for (heed::Index& words : predictions) ++words;  // eos
    const heed::Index words = options_.batch_words * starting_processes_;
    return heed::make_word_batches(train_.source_lengths, predictions, words, random);
  }
  const heed::Index sentences = options_.batch * starting_processes_;
  return heed::make_batches(train_.source_lengths, train_.target_lengths, sentences, random);
}

/// The number of updates of an epoch. With --batch-words, it differs slightly between epochs.
std::size_t Training::updates_of_epoch(int epoch) const {
  const std::size_t batches = options_.batch_words > 0 ? batches_of_epoch(epoch).size()
                                                       : parts_of(train_.size(), options_.batch * starting_processes_);
  return parts_of(batches, options_.accumulate);
}

/// Throws heed::Error if the processes have different settings or data, or stopped at different updates: each reads the
/// files on its own machine.
void Training::require_equal_processes() const {
  Fnv1a hash;
  for (const char c : settings_text_) hash.add(static_cast<unsigned char>(c));
  const std::array<double, 5> own = {static_cast<double>(hash.value() >> 32U),
                                     static_cast<double>(hash.value() & 0xffffffffU), static_cast<double>(epoch_),
                                     static_cast<double>(next_update_), static_cast<double>(starting_processes_)};
  std::array<double, 5> first = own;
  processes_.broadcast(std::span<double>(first));
  heed::require(first == own, "this process has other options, data or another saved state than process 0");
}

/// Adds an update to the log.
void Training::log_update(const Trainer::Update& update, double seconds) {
  epoch_loss_ += update.loss;
  epoch_words_ += update.words;
  if (!log_.enabled()) return;
  logged_.loss += update.loss;
  logged_.gradient_norm += update.gradient_norm;
  logged_.largest_norm = std::max(logged_.largest_norm, update.gradient_norm);
  logged_.words += update.words;
  logged_.seconds += seconds;
  if (++logged_updates_ == options_.log_every) write_update_record();
}

/// Writes the record of the updates since the last one.
void Training::write_update_record() {
  if (logged_updates_ == 0) return;
  logged_.epoch = epoch_ + 1;
  logged_.update = trainer_.optimizer.updates;
  logged_.loss /= static_cast<double>(logged_.words);
  logged_.gradient_norm /= static_cast<double>(logged_updates_);
  logged_.learning_rate = trainer_.optimizer.rate;
  log_.add(logged_);
  logged_ = {};
  logged_updates_ = 0;
}

/// The next update, on the next `accumulate` batches of an epoch.
Training::Trainer::Update Training::update_on(const Batches& batches, std::uint64_t number) {
  const auto count = static_cast<std::size_t>(options_.accumulate), first = next_update_ * count;
  const std::size_t end = std::min(first + count, batches.size());
  heed::Random random(heed::RandomStream(options_.seed, number).bits());
  const EncodedPairs& pairs_of_epoch = sampled_ ? *sampled_ : train_;
  std::vector<ChosenPairs> chosen(end - first);
  std::vector<Trainer::Batch> items;
  for (std::size_t k = 0; k < chosen.size(); ++k) {
    const auto& batch = batches[first + k];
    ChosenPairs& pairs = chosen[k];
    pairs.source = choose(pairs_of_epoch.source, batch);
    pairs.target = choose(pairs_of_epoch.target, batch);
    pairs.links = choose(pairs_of_epoch.links, batch);
    for (std::size_t i = 0; i < batch.size() && options_.word_dropout > 0; ++i) {
      std::vector<heed::Token> source(pairs.source[i].begin(), pairs.source[i].end());
      std::vector<heed::Token> target(pairs.target[i].begin(), pairs.target[i].end());
      word_dropout_.apply(source, target, pairs.links[i], random);
      pairs.source[i] = pairs.replaced.emplace_back(std::move(source));
      pairs.target[i] = pairs.replaced.emplace_back(std::move(target));
    }
    items.push_back({pairs.source, pairs.target, pairs.links});
  }
  return trainer_.update(items, number);
}

/// Evaluates the model and saves it if it is the best. Without dev data the latest model is the best.
void Training::end_epoch(Progress& progress, double train_loss) {
  write_update_record();
  std::string line = "epoch " + std::to_string(epoch_ + 1) + ": training loss " + detail::formatted("%.4f", train_loss);
  if (average_) heed::prepack(average_->model);  // the trainer prepacks its own
  const Model& model = average_ ? average_->model : translator_.model;
  EpochRecord record;
  if (dev_.size() > 0) {
    record = evaluate_model(model, epoch_ + 1);
    plateau_.observe(record.dev_loss);
    line += dev_text(record);
  }
  record.epoch = epoch_ + 1;
  record.training_loss = epoch_loss_ / static_cast<double>(epoch_words_);
  epoch_loss_ = 0;
  epoch_words_ = 0;
  const bool better = best_models_.add(score_of(record), model);
  epochs_since_best_ = better ? 0 : epochs_since_best_ + 1;
  if (better) {
    save_best();
    record.saved = best_saved_;
    if (best_saved_) line += ", saved";
  }
  log_.add(record, dev_.size() > 0);
  write_report_file();
  progress.line(line);
}

/// The scores of a model on the dev data. The main process computes them; the others have dev_loss and bleu only.
EpochRecord Training::evaluate_model(const Model& model, int epoch) {
  EpochRecord record;
  if (processes_.is_main()) {
    record.dev_loss = mean_loss(model, dev_, options_.threads);
    if (log_.enabled() || options_.dev_metric == "bleu") translate_dev(model, epoch, record);
  }
  std::array<double, 2> scores = {record.dev_loss, record.bleu};
  processes_.broadcast(std::span<double>(scores));  // all processes decide by the same numbers
  record.dev_loss = scores[0];
  record.bleu = scores[1];
  heed::require(std::isfinite(record.dev_loss), "the loss on the dev data is not finite");
  return record;
}

/// Adds the scores of the translations of the dev data to a record. Writes those by length, and translations, to the
/// log, if `epoch` is not 0.
void Training::translate_dev(const Model& model, int epoch, EpochRecord& record) {
  heed::Translator translator = best_;  // with the vocabularies
  translator.model = model;
  heed::prepack(translator.model);
  const std::vector<heed::Words> hypotheses = translate_all(translator, dev_pairs_, dev_, {}, options_.threads);
  const TranslationScores scores(hypotheses, dev_pairs_);
  record.bleu = scores.bleu;
  record.chrf = scores.chrf;
  record.exact_match = scores.exact_match;
  if (!log_.enabled() || epoch == 0) return;
  for (LengthRecord& lengths : scores_by_length(dev_pairs_, hypotheses)) {
    lengths.epoch = epoch;
    log_.add(lengths);
  }
  constexpr std::size_t samples = 3;
  heed::SampleWorkspace<float> work;
  DecodingOptions how;
  how.search.keep_weights = translator.config.attends();
  for (std::size_t i = 0; i < std::min(samples, dev_pairs_.size()); ++i) {
    const auto& pair = dev_pairs_[i];
    const Translation found = translate(translator, {pair.source}, how, work).front().front();
    log_.add({epoch, pair.source, pair.target, found.target, found.weights});
  }
}

/// The score of an epoch for `BestModels`: the lower, the better.
double Training::score_of(const EpochRecord& record) const {
  if (dev_.size() == 0) return options_.epochs - record.epoch;  // the latest model is the best
  return options_.dev_metric == "bleu" ? std::max(0.0, 100 - record.bleu) : record.dev_loss;  // BLEU is rounded
}

std::string Training::dev_text(const EpochRecord& record) const {
  std::string text = ", dev loss " + detail::formatted("%.4f", record.dev_loss) + " (perplexity " +
                     detail::formatted("%.4f", std::exp(record.dev_loss)) + ")";
  if (options_.dev_metric == "bleu") text += ", BLEU " + detail::formatted("%.2f", record.bleu);
  return text;
}

bool Training::stops_early() const { return options_.early_stopping && epochs_since_best_ >= *options_.early_stopping; }

/// Averages the best models. The average becomes the best model if its score is better, or if there are no dev data.
void Training::average_best_models(Progress& progress) {
  Model mean = best_models_.average();
  heed::prepack(mean);
  std::string line = "average of " + std::to_string(best_models_.entries.size()) + " epochs";
  bool better = true;
  if (dev_.size() > 0) {
    const EpochRecord record = evaluate_model(mean, 0);
    better = score_of(record) < best_models_.entries.front().score;
    line += dev_text(record);
  }
  if (better) {
    best_models_.entries.front().model = std::move(mean);
    save_best();
    if (best_saved_) line += ", saved";
  }
  progress.line(line);
}

void Training::save_best() {
  best_.model = best_models_.entries.front().model;
  if (options_.save.empty() || !processes_.is_main()) return;
  best_.save(options_.save);
  best_saved_ = true;
}

/// At the end of training, replaces the last model by the best one.
TrainingResult Training::finish(TrainingResult result, std::chrono::steady_clock::time_point start) {
  if (!result.interrupted) translator_ = best_;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

/// The settings and data that must be the same when a run is resumed.
Settings Training::settings() const {
  using heed::detail::field_text;
  const auto given = [](const auto& option) { return option ? field_text(*option) : std::string("default"); };
  return {
      {"epochs", field_text(options_.epochs)},
      {"batch", field_text(options_.batch)},
      {"batch words", field_text(options_.batch_words)},
      {"accumulate", field_text(options_.accumulate)},
      {"rate", field_text(options_.rate)},
      {"schedule", options_.schedule},
      {"warmup", given(options_.warm_up)},
      {"patience", given(options_.patience)},
      {"rate factor", given(options_.rate_factor)},
      {"weight decay", field_text(options_.weight_decay)},
      {"clip", field_text(options_.clip)},
      {"label smoothing", field_text(options_.label_smoothing)},
      {"average", field_text(options_.average)},
      {"coverage loss", field_text(options_.coverage_loss)},
      {"doubly stochastic", field_text(options_.doubly_stochastic)},
      {"guided alignment", field_text(options_.guided_alignment)},
      {"word dropout", field_text(options_.word_dropout)},
      {"subword sampling", field_text(options_.subword_sampling)},
      {"teacher forcing", field_text(options_.teacher_forcing)},
      {"forcing schedule", options_.forcing_schedule},
      {"forcing k", given(options_.forcing_k)},
      {"sampled token", options_.sampled_token},
      {"dev metric", options_.dev_metric},
      {"early stopping", given(options_.early_stopping)},
      {"average best", field_text(options_.average_best)},
      {"seed", field_text(options_.seed)},
      {"pairs", train_.summary()},
      {"dev pairs", dev_.summary()},
  };
}

RunState Training::state() {
  return {translator_,         trainer_.optimizer, average_ ? &*average_ : nullptr,
          best_models_,        plateau_,           epochs_since_best_,
          starting_processes_, threads_,           epoch_,
          next_update_};
}

void Training::write_report_file() const {
  if (!options_.report.empty() && processes_.is_main()) write_report(options_.log, options_.report);
}

void Training::save_state() {
  if (!processes_.is_main()) return;
  checkpoints_.write([&](heed::SafetensorsWriter& writer) { save_run(writer, state(), settings_text_); });
}

void Training::load_state() {
  const auto file = heed::SafetensorsFile::read(checkpoints_.path());
  load_run(file, state(), settings_text_);
  heed::require(starting_processes_ >= 1, [&] { return file.name() + ": training.processes cannot be 0"; });
  const bool alone = starting_processes_ == 1 && processes_.size() == 1;
  heed::require(!alone || threads_ == options_.threads, [&] {
    return file.name() + ": the run was started with threads " + std::to_string(threads_) +
           ", it cannot be resumed with threads " + std::to_string(options_.threads);
  });
  threads_ = options_.threads;
  detail::check_place(file, epoch_, options_.epochs, next_update_, updates_of_epoch(epoch_));
  if (epoch_ == 0) return;  // an existing model may be that of an older run
  if (!std::filesystem::exists(options_.save)) {
    if (!best_models_.entries.empty()) save_best();
    return;
  }
  const auto saved = heed::Translator::load(std::filesystem::path(options_.save));
  heed::require(same_structure(saved, translator_),
                [&] { return options_.save + ": is not the model of the interrupted run"; });
}

}  // namespace examples
