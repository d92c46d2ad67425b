#pragma once

#include "support/options.hpp"
#include "translate/model.hpp"
#include "translate/training.hpp"

#include <string>

namespace examples {

/// The model and the recipe that learn the embedded data well in little time.
inline heed::TranslatorConfig demo_model() {
  heed::TranslatorConfig config;
  config.hidden = 96;
  config.dropout = 0.1;
  return config;
}
inline TrainingOptions demo_recipe() {
  TrainingOptions options;
  options.epochs = 7;
  options.batch = 16;
  options.rate = 4e-3;
  options.threads = default_threads();
  return options;
}

/// --weights, as every command has it that is given a model.
inline void add_weights(CLI::App& command, std::string& weights) {
  command.add_option("--weights", weights, "what the weights are kept as; 16 bits are half the bytes, and less exact")
      ->check(detail::one_of(weight_names))
      ->capture_default_str();
}

/// --pairs, or --source and --target; with `dev` before each name for the second set of a command.
inline void add_pair_files(CLI::App& command, PairFiles& files, const std::string& dev, const std::string& what) {
  const std::string group = dev.empty() ? "Data" : "Dev data (optional; the best model on them is kept)";
  auto* const pairs = command
                          .add_option(dev.empty() ? "--pairs" : "--dev", files.pairs,
                                      what + ": a tab-separated file, source and target")
                          ->group(group);
  auto* const source =
      command.add_option("--" + dev + "source", files.source, what + ": a file of source sentences, one a line")
          ->group(group);
  auto* const target =
      command.add_option("--" + dev + "target", files.target, what + ": their translations, line by line")
          ->group(group);
  source->needs(target);
  target->needs(source);
  pairs->excludes(source)->excludes(target);
}

inline void add_model_options(CLI::App& command, heed::TranslatorConfig& config, std::string& direction) {
  const auto add = [&](const char* name, auto& value, const char* what) {
    return command.add_option(name, value, what)->group("Model")->capture_default_str();
  };
  add("--cell", config.cell, "recurrent cell")->check(detail::one_of(heed::cell_names));
  add("--layers", config.layers, "recurrent layers of encoder and decoder")->check(CLI::Range(1, 16));
  add("--direction", direction, "in which the encoder reads")->check(CLI::IsMember({"both", "forward"}));
  command
      .add_flag("--reverse-source", config.reverse_source,
                "the encoder reads each sentence from its end; results stay in the order of the words")
      ->group("Model");
  add("--decoder", config.decoder,
      "bahdanau: the previous state asks; luong: the current one. Without attention: plain: sees the encoder's final "
      "output at every step; cho: a code of it, in a gated unit of its own; sutskever: begins with its final states")
      ->check(detail::one_of(heed::decoder_names));
  command
      .add_flag("--copy-states", config.copy_states,
                "the decoder begins with the encoder's final states as they are, not with a layer of them; needs "
                "--direction forward, as sutskever does, which always begins so")
      ->group("Model");
  add("--scorer", config.scorer, "scoring function of the attention")->check(detail::one_of(heed::scorer_names));
  add("--attention", config.attention,
      "global: looks at all words; local-m, local-p: at those around the step or a predicted place; monotonic: goes on "
      "where it stopped")
      ->check(detail::one_of(heed::attention_names));
  add("--normalizer", config.normalizer, "what turns the scores of global attention into weights")
      ->check(detail::one_of(heed::normalizer_names));
  add("--window", config.window, "local attention: words to either side that are looked at")
      ->check(CLI::Range(1, 16384));
  add("--longest", config.longest, "location scorer: words of a source that can be looked at")
      ->check(CLI::Range(1, 16384));
  command
      .add_flag("--input-feeding,!--no-input-feeding", config.input_feeding,
                "luong: feed the attentional vector to the next step (on by default)")
      ->group("Model");
  add("--hidden", config.hidden, "size of the recurrent state")->check(CLI::Range(1, 16384));
  add("--embedding", config.embedding, "size of an embedded word")->check(CLI::Range(1, 16384));
  add("--dropout", config.dropout, "share of numbers dropped in training")->check(detail::between(0, 0.99));
  add("--recurrent-dropout", config.recurrent_dropout,
      "lstm and rnn: share dropped of the state a step hands to the next, the same at every step of a sentence")
      ->check(detail::between(0, 0.99));
  command
      .add_flag("--variational-dropout", config.variational_dropout,
                "what --dropout drops is the same at every step of a sentence")
      ->group("Model");
  command
      .add_flag("--tie-embeddings", config.tied_embeddings,
                "the output layer reads the embedded target words; what it sees of a step is of their size")
      ->group("Model");
}

inline void add_training_options(CLI::App& command, TrainingOptions& options) {
  const auto add = [&](const char* name, auto& value, const char* what) {
    return command.add_option(name, value, what)->group("Training")->capture_default_str();
  };
  const auto add_optional = [&](const char* name, auto& value, const std::string& what) {
    return command.add_option(name, value, what)->group("Training");
  };
  add("--epochs", options.epochs, "times the data are seen")->check(CLI::Range(1, 100000));
  add("--batch", options.batch, "sentences in a batch")->check(CLI::Range(1, 65536));
  add("--accumulate", options.accumulate, "batches added up for an update, in the memory of one")
      ->check(CLI::Range(1, 65536));
  add("--rate", options.rate, "learning rate of Adam, at its highest")->check(detail::between(1e-9, 10));
  add("--schedule", options.schedule,
      "how the rate changes: linear and cosine rise shortly, then fall to zero; inverse-sqrt rises, then falls more "
      "and "
      "more slowly; plateau falls when the dev loss has not improved")
      ->check(CLI::IsMember({"linear", "constant", "cosine", "inverse-sqrt", "plateau"}));
  add_optional("--warmup", options.warm_up,
               "updates over which the rate rises (a fiftieth of the run; inverse-sqrt: 4000)")
      ->check(CLI::Range(0, 1000000000));
  add_optional("--patience", options.patience,
               "plateau: epochs that may be no better before the rate falls (" +
                   std::to_string(Training::plateau_patience) + ")")
      ->check(CLI::Range(0, 100000));
  add_optional("--rate-factor", options.rate_factor,
               "plateau: what the rate is multiplied with when it falls (" +
                   heed::detail::field_text(Training::plateau_factor) + ")")
      ->check(detail::between(0.001, 0.999));
  add("--weight-decay", options.weight_decay, "AdamW: every update takes this times the rate off all parameters")
      ->check(detail::between(0, 100));
  add("--clip", options.clip, "largest global norm of the gradient (0: never clipped)")->check(detail::between(0, 1e9));
  add("--label-smoothing", options.label_smoothing, "share of the target spread over all words")
      ->check(detail::between(0, 0.99));
  add("--coverage-loss", options.coverage_loss, "how much looking again at the same source words costs")
      ->check(detail::between(0, 1e6));
  add("--doubly-stochastic", options.doubly_stochastic,
      "how much it costs if a source word is not looked at once in all")
      ->check(detail::between(0, 1e6));
  add("--average", options.average,
      "decay of a moving average of the parameters, which is judged and saved in their place (0: none)")
      ->check(detail::between(0, 0.999999));
  add("--teacher-forcing", options.teacher_forcing,
      "share of the steps that are fed the right word, not the model's own; the least, with a schedule")
      ->check(detail::between(0, 1));
  add("--forcing-schedule", options.forcing_schedule,
      "how that share changes: linear falls from 1 in a line over the run, inverse-sigmoid as k / (k + e^(update / k))")
      ->check(CLI::IsMember({"constant", "linear", "inverse-sigmoid"}));
  add_optional("--forcing-k", options.forcing_k, "inverse-sigmoid: k, in updates")->check(detail::between(1, 1e9));
  add("--sampled-token", options.sampled_token, "how scheduled sampling picks the token of the model")
      ->check(CLI::IsMember({"argmax", "sample"}));
  add_seed(command, options.seed)->group("Training");
}

/// Throws, with `problem`, if attention is `needed` and the decoder of the model `name` has none.
inline void require_attention(bool needed, const heed::TranslatorConfig& config, const std::string& name,
                              const std::string& problem) {
  heed::require(!needed || config.attends(),
                [&] { return name + " has a " + config.decoder + " decoder, which has no attention: " + problem; });
}

inline void add_search_options(CLI::App& command, heed::SearchOptions& options) {
  const auto add = [&](const char* name, auto& value, const char* what) {
    return command.add_option(name, value, what)->group("Search")->capture_default_str();
  };
  add("--beam", options.beam, "hypotheses kept for each sentence; 1 is greedy")->check(CLI::Range(1, 1000));
  add("--length-penalty", options.length_penalty, "scores are divided by ((5 + words) / 6)^this")
      ->check(detail::between(0, 10));
  add("--coverage-penalty", options.coverage_penalty,
      "this times the sum over source words of log min(looks at it, 1) is added to scores")
      ->check(detail::between(0, 100));
  add("--min-length", options.minimum_length, "steps at least, the end being one")->check(CLI::Range(0, 100000));
  add("--max-length", options.maximum_length,
      "steps at most, the end being one (0: twice the source's length and ten more)")
      ->check(CLI::Range(0, 100000));
  command.add_flag("--no-unknown", options.ban_unknown, "never write <unk>")->group("Search");
}

}  // namespace examples
