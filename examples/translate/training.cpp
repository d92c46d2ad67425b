#include "translate/training.hpp"

#include "support/interrupt.hpp"
#include "translate/evaluation.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

namespace examples {

namespace {

/// Copies of the pairs of a batch.
struct ChosenPairs {
  std::vector<std::vector<heed::Token>> source, target;
  std::vector<heed::Links> links;
};

}  // namespace

Training::Training(heed::Translator& translator, const std::vector<heed::SentencePair>& train,
                   const std::vector<heed::SentencePair>& dev, TrainingOptions options)
    : translator_(translator),
      train_(train, translator.source, translator.target),
      dev_(dev, translator.source, translator.target),
      options_(std::move(options)),
      checkpoints_(options_),
      trainer_(translator.model, heed::Adam(translator.model, options_.rate, 0.9, 0.999, 1e-8, options_.weight_decay),
               {options_.threads, options_.clip, options_.label_smoothing, options_.seed,
                options_.sampled_token == "sample" ? heed::SampledToken::sample : heed::SampledToken::argmax,
                options_.coverage_loss, options_.doubly_stochastic, options_.guided_alignment}),
      word_dropout_(options_.word_dropout, train_.source),
      best_(translator) {
  options_.check(dev_.size() > 0);
  const double attention_losses = options_.coverage_loss + options_.doubly_stochastic + options_.guided_alignment;
  heed::require(translator.config.attends() || attention_losses == 0, [&] {
    return "--coverage-loss, --doubly-stochastic and --guided-alignment need attention, which --decoder " +
           translator.config.decoder + " does not have";
  });
  const auto linked = [](const heed::Links& links) { return !links.empty(); };
  heed::require(options_.guided_alignment == 0 || std::any_of(train_.links.begin(), train_.links.end(), linked),
                "--guided-alignment needs word links: give --links, or --pairs with links in the third column");
  if (options_.average > 0) average_.emplace(translator.model, options_.average);
  plateau_.rate = options_.rate;
  plateau_.patience = options_.patience.value_or(plateau_patience);
  plateau_.factor = options_.rate_factor.value_or(plateau_factor);
}

TrainingResult Training::run(Progress& progress) {
  const InterruptScope interrupts;
  const auto start = std::chrono::steady_clock::now();
  checkpoints_.check();
  const auto whole_parts = [](std::size_t all, heed::Index part) {
    return (all + static_cast<std::size_t>(part) - 1) / static_cast<std::size_t>(part);
  };
  const auto updates_per_epoch = whole_parts(whole_parts(train_.size(), options_.batch), options_.accumulate);
  const double updates = static_cast<double>(updates_per_epoch) * options_.epochs;
  const Schedule rate = rate_schedule(options_, updates), forcing = forcing_schedule(options_, updates);
  if (options_.resume) load_state(updates_per_epoch);
  TrainingResult result;
  long long tokens = 0;
  double shown_loss = std::numeric_limits<double>::quiet_NaN();
  for (; epoch_ < options_.epochs; ++epoch_, next_update_ = 0) {
    heed::Random random(options_.seed, static_cast<std::uint64_t>(epoch_));
    const auto batches = heed::make_batches(train_.source_lengths, train_.target_lengths, options_.batch, random);
    if (next_update_ == 0) save_state();
    for (; next_update_ < updates_per_epoch; ++next_update_) {
      if (interrupted()) {
        save_state();
        result.interrupted = true;
        return finish(result, start);
      }
      if (checkpoints_.due()) save_state();
      const auto number = static_cast<heed::Index>(static_cast<std::size_t>(epoch_) * updates_per_epoch + next_update_);
      trainer_.optimizer.rate = options_.schedule == "plateau" ? plateau_(number) : rate(number);
      trainer_.teacher_forcing = forcing(number);
      const auto update = update_on(batches, static_cast<std::uint64_t>(number));
      if (average_) average_->update(translator_.model);
      const double loss = update.loss / static_cast<double>(update.words);
      shown_loss = std::isnan(shown_loss) ? loss : 0.95 * shown_loss + 0.05 * loss;
      tokens += update.words;
      progress.show({epoch_ + 1, options_.epochs, static_cast<double>(number + 1) / updates, shown_loss, tokens});
    }
    end_epoch(progress, shown_loss);
  }
  if (!best_saved_) save_best();  // the file may have been removed or replaced since it was saved
  checkpoints_.remove();
  return finish(result, start);
}

/// The next update, on the next `accumulate` batches of an epoch.
heed::Trainer<Training::Model>::Update Training::update_on(const std::vector<std::vector<heed::Index>>& batches,
                                                           std::uint64_t number) {
  const auto count = static_cast<std::size_t>(options_.accumulate), first = next_update_ * count;
  const std::size_t end = std::min(first + count, batches.size());
  heed::Random random(heed::RandomStream(options_.seed, number).bits());
  std::vector<ChosenPairs> chosen(end - first);
  std::vector<heed::Trainer<Model>::Batch> items;
  for (std::size_t k = 0; k < chosen.size(); ++k) {
    ChosenPairs& pairs = chosen[k];
    for (const heed::Index i : batches[first + k]) {
      const auto at = static_cast<std::size_t>(i);
      pairs.source.push_back(train_.source[at]);
      pairs.target.push_back(train_.target[at]);
      pairs.links.push_back(train_.links[at]);
      if (options_.word_dropout > 0) {
        word_dropout_.apply(pairs.source.back(), pairs.target.back(), train_.links[at], random);
      }
    }
    items.push_back({pairs.source, pairs.target, pairs.links});
  }
  return trainer_.update(items, number);
}

/// The model that is evaluated and kept.
const Training::Model& Training::evaluated_model() const { return average_ ? average_->model : translator_.model; }

/// Evaluates the model and saves it if it is the best. Without dev data the latest model is the best.
void Training::end_epoch(Progress& progress, double train_loss) {
  std::string line = "epoch " + std::to_string(epoch_ + 1) + ": training loss " + detail::formatted("%.4f", train_loss);
  bool better = true;
  if (dev_.size() > 0) {
    if (average_) heed::prepack(average_->model);  // the trainer prepacks its own
    const double loss = mean_loss(evaluated_model(), dev_, options_.threads);
    heed::require(std::isfinite(loss), "the loss on the dev data is not finite");
    plateau_.observe(loss);
    better = loss < best_dev_;
    best_dev_ = std::min(best_dev_, loss);
    line += ", dev loss " + detail::formatted("%.4f", loss) + " (perplexity " +
            detail::formatted("%.4f", std::exp(loss)) + ")";
  }
  if (better) {
    best_.model = evaluated_model();
    save_best();
    if (best_saved_) line += ", saved";
  }
  progress.line(line);
}

void Training::save_best() {
  if (options_.save.empty()) return;
  best_.save(options_.save);
  best_saved_ = true;
}

/// At the end of training, replaces the last model by the best one.
TrainingResult Training::finish(TrainingResult result, std::chrono::steady_clock::time_point start) {
  if (!result.interrupted) translator_ = best_;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.best_dev = best_dev_;
  return result;
}

/// The settings and data that must be the same when a run is resumed.
std::string Training::settings() const {
  using heed::detail::field_text;
  const auto given = [](const auto& option) { return option ? field_text(*option) : std::string("default"); };
  const std::vector<std::pair<std::string, std::string>> all{
      {"epochs", field_text(options_.epochs)},
      {"batch", field_text(options_.batch)},
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
      {"teacher forcing", field_text(options_.teacher_forcing)},
      {"forcing schedule", options_.forcing_schedule},
      {"forcing k", given(options_.forcing_k)},
      {"sampled token", options_.sampled_token},
      {"threads", field_text(options_.threads)},
      {"seed", field_text(options_.seed)},
      {"pairs", train_.summary()},
      {"dev pairs", dev_.summary()},
  };
  std::string text;
  for (const auto& [name, value] : all) text += (text.empty() ? "" : ", ") + name + ' ' + value;
  return text;
}

RunState Training::state() {
  return {translator_,
          trainer_.optimizer,
          average_ ? &*average_ : nullptr,
          dev_.size() > 0 ? &best_.model : nullptr,
          plateau_,
          best_dev_,
          epoch_,
          next_update_};
}

void Training::save_state() {
  checkpoints_.write([&](heed::SafetensorsWriter& writer) { save_run(writer, state(), settings()); });
}

void Training::load_state(std::size_t updates_per_epoch) {
  const auto file = heed::SafetensorsFile::read(checkpoints_.path());
  load_run(file, state(), settings());
  detail::check_place(file, epoch_, options_.epochs, next_update_, updates_per_epoch);
  if (epoch_ == 0) return;  // an existing model may be that of an older run
  if (!std::filesystem::exists(options_.save)) {
    if (dev_.size() > 0) save_best();
    return;
  }
  const auto saved = heed::Translator::load(std::filesystem::path(options_.save));
  heed::require(same_structure(saved, translator_),
                [&] { return options_.save + ": is not the model of the interrupted run"; });
}

}  // namespace examples
