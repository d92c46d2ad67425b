#pragma once

#include "support/options.hpp"
#include "translate/model.hpp"
#include "translate/training.hpp"
#include "translate/vocabularies.hpp"

#include <string>

namespace examples {

/// Adds --weights, for the commands that load a model.
inline void add_weights(CLI::App& command, std::string& weights) {
  command.add_option("--weights", weights, "number format of the weights; 16 bits halve the memory at lower precision")
      ->check(detail::one_of(weight_names))
      ->capture_default_str();
}

/// Adds --pairs, --source and --target, or, if `dev` is "dev-", --dev, --dev-source and --dev-target. `what` starts
/// their help texts.
inline void add_pair_files(CLI::App& command, PairFiles& files, const std::string& dev, const std::string& what) {
  const std::string group = dev.empty() ? "Data" : "Dev data (optional; the best model by --dev-metric is kept)";
  auto* const pairs = command
                          .add_option(dev.empty() ? "--pairs" : "--dev", files.pairs,
                                      what + ": a tab-separated file with source and target")
                          ->group(group);
  auto* const source =
      command.add_option("--" + dev + "source", files.source, what + ": a file of source sentences, one per line")
          ->group(group);
  auto* const target =
      command.add_option("--" + dev + "target", files.target, what + ": their translations, line by line")
          ->group(group);
  source->needs(target);
  target->needs(source);
  pairs->excludes(source)->excludes(target);
}

/// Adds --links to the options of `add_pair_files`.
inline void add_links(CLI::App& command, PairFiles& files) {
  command
      .add_option(
          "--links", files.links,
          "word links of the pairs: i-j, positions of words after the tokenizer, counted from 0; one line per pair, as "
          "fast_align writes them; they replace the third column of --pairs")
      ->group("Data");
}

/// Adds the options of vocabularies and subwords.
inline void add_vocabulary_options(CLI::App& command, VocabularyOptions& options, TrainingOptions& training) {
  const auto add = [&](const char* name, auto& value, const char* what) {
    return command.add_option(name, value, what)->group("Vocabulary")->capture_default_str();
  };
  add("--min-frequency", options.minimum_frequency, "minimum frequency of a word; rarer words become <unk>")
      ->check(CLI::Range(1, 1000000));
  add("--subwords", options.subwords,
      "train a SentencePiece model on the training data, and use its pieces instead of words; "
      "bpe: byte-pair encoding; "
      "unigram: unigram language model")
      ->check(CLI::IsMember({"none", "bpe", "unigram"}));
  command
      .add_option("--vocabulary-size", options.size,
                  "number of pieces of a vocabulary, with <unk>, <s> and </s> (default: 8000)")
      ->group("Vocabulary")
      ->check(CLI::Range(4, 1000000));
  command.add_flag("--joint-vocabulary", options.joint, "use one vocabulary of pieces for both languages")
      ->group("Vocabulary");
  command.add_option("--source-subwords", options.source_model, "SentencePiece model file (.model) for the source")
      ->group("Vocabulary");
  command.add_option("--target-subwords", options.target_model, "SentencePiece model file (.model) for the target")
      ->group("Vocabulary");
  add("--subword-sampling", training.subword_sampling,
      "split words into random pieces in training; bpe: probability that a merge is skipped (BPE-dropout); unigram: "
      "exponent of the probabilities of all segmentations; 0 is off")
      ->check(detail::between(0, 1));
}

inline void add_model_options(CLI::App& command, heed::TranslatorConfig& config, std::string& direction) {
  const auto add = [&](const char* name, auto& value, const char* what) {
    return command.add_option(name, value, what)->group("Model")->capture_default_str();
  };
  add("--source-tokenizer", config.source_tokenizer,
      "tokenizer of the source; spaces: words are separated by spaces; en, fr, de: natural text, in lower case")
      ->check(detail::one_of(heed::tokenizer_names));
  add("--target-tokenizer", config.target_tokenizer,
      "tokenizer of the target; with en, fr or de, translations are natural text")
      ->check(detail::one_of(heed::tokenizer_names));
  add("--cell", config.cell, "recurrent cell")->check(detail::one_of(heed::cell_names));
  add("--layers", config.layers, "number of recurrent layers of encoder and decoder")->check(CLI::Range(1, 16));
  add("--direction", direction, "direction of the encoder")->check(CLI::IsMember({"both", "forward"}));
  command
      .add_flag("--reverse-source", config.reverse_source,
                "encode each source sentence in reverse order; outputs keep the order of the words")
      ->group("Model");
  add("--decoder", config.decoder,
      "decoder; bahdanau: the query is the previous state; luong: the query is the current state; conditional: the "
      "query is the previous state, after a cell that reads the previous word; without attention: "
      "plain: gets the encoder's final output at every step; cho: gets a code of it at every step, with a gated "
      "unit of its own; sutskever: starts with the encoder's final states")
      ->check(detail::one_of(heed::decoder_names));
  command
      .add_flag("--copy-states", config.copy_states,
                "start the decoder with the encoder's final states, without a layer between them; needs --direction "
                "forward (sutskever always does this)")
      ->group("Model");
  add("--scorer", config.scorer, "scoring function of the attention")->check(detail::one_of(heed::scorer_names));
  add("--attention", config.attention,
      "attention; global: to all source words; local-m: to a window at the position of the step; local-p: to a window "
      "at a predicted position; monotonic: moves forward through the source")
      ->check(detail::one_of(heed::attention_names));
  add("--normalizer", config.normalizer, "normalizer of the scores of global attention")
      ->check(detail::one_of(heed::normalizer_names));
  add("--window", config.window, "local attention: window size, in words on each side of its centre")
      ->check(CLI::Range(1, 16384));
  add("--longest", config.longest, "location scorer: maximum source words to attend to")->check(CLI::Range(1, 16384));
  add("--filters", config.filters, "convolutional scorer: number of filters over the previous attention weights")
      ->check(CLI::Range(1, 255));
  add("--filter-width", config.filter_width, "convolutional scorer: width of a filter in source words; odd")
      ->check(CLI::Range(1, 255));
  command
      .add_flag("--input-feeding,!--no-input-feeding", config.input_feeding,
                "luong: feed the attentional vector to the next step (on by default)")
      ->group("Model");
  add("--hidden-size", config.hidden, "size of the hidden state")->check(CLI::Range(1, 16384));
  add("--embedding-size", config.embedding, "size of a word embedding")->check(CLI::Range(1, 16384));
  add("--dropout", config.dropout, "dropout rate")->check(detail::between(0, 0.99));
  add("--memory-dropout", config.memory_dropout, "dropout rate of the encoder outputs that the decoder gets")
      ->check(detail::between(0, 0.99));
  add("--recurrent-dropout", config.recurrent_dropout,
      "lstm and rnn: dropout rate of the hidden state between steps, with one mask per sentence")
      ->check(detail::between(0, 0.99));
  command
      .add_flag("--variational-dropout", config.variational_dropout,
                "use one mask of --dropout and --memory-dropout for all steps of a sentence")
      ->group("Model");
  auto* const tie =
      command
          .add_flag("--tie-embeddings", config.tied_embeddings,
                    "share the target embeddings with the output layer; the decoder's features have the embedding size")
          ->group("Model");
  command
      .add_flag("--share-embeddings", config.shared_embeddings,
                "use one vocabulary and one embedding table for source words, target words and the output layer; needs "
                "--tie-embeddings")
      ->group("Model")
      ->needs(tie);
}

inline void add_training_options(CLI::App& command, TrainingOptions& options) {
  const auto add = [&](const char* name, auto& value, const char* what) {
    return command.add_option(name, value, what)->group("Training")->capture_default_str();
  };
  const auto add_optional = [&](const char* name, auto& value, const std::string& what) {
    return command.add_option(name, value, what)->group("Training");
  };
  add("--epochs", options.epochs, "number of epochs")->check(CLI::Range(1, 100000));
  add("--batch-size", options.batch, "sentences per batch; with several processes: of each process")
      ->check(CLI::Range(1, 65536));
  add("--batch-words", options.batch_words,
      "maximum target words per batch, </s> included; with several processes: of each process; 0: the limit is "
      "--batch-size")
      ->check(CLI::Range(0, 10000000));
  add("--accum-count", options.accumulate, "batches per update (gradient accumulation), in the memory of one")
      ->check(CLI::Range(1, 65536));
  add("--learning-rate", options.rate, "peak learning rate of Adam")->check(detail::between(1e-9, 10));
  add("--schedule", options.schedule,
      "schedule of the learning rate; linear, cosine: warm-up, then decay to 0; inverse-sqrt: warm-up, then decay with "
      "1 / sqrt(update); plateau: decay when the dev loss does not improve")
      ->check(CLI::IsMember({"linear", "constant", "cosine", "inverse-sqrt", "plateau"}));
  add_optional("--warmup", options.warm_up, "number of warm-up updates (default: 2 % of the run; inverse-sqrt: 4000)")
      ->check(CLI::Range(0, 1000000000));
  add_optional("--patience", options.patience,
               "plateau: allowed epochs without improvement before the rate is reduced (default: " +
                   std::to_string(Training::plateau_patience) + ")")
      ->check(CLI::Range(0, 100000));
  add_optional(
      "--learning-rate-decay", options.rate_factor,
      "plateau: factor to multiply the rate by (default: " + heed::detail::field_text(Training::plateau_factor) + ")")
      ->check(detail::between(0.001, 0.999));
  add("--weight-decay", options.weight_decay, "weight decay (AdamW); every update subtracts decay * rate * parameter")
      ->check(detail::between(0, 100));
  add("--clip-norm", options.clip, "gradient clipping: maximum global norm; 0 is off")->check(detail::between(0, 1e9));
  add("--label-smoothing", options.label_smoothing, "label smoothing: fraction of the target spread over all words")
      ->check(detail::between(0, 0.99));
  add("--coverage-loss", options.coverage_loss, "weight of the coverage loss, for repeated attention to source words")
      ->check(detail::between(0, 1e6));
  add("--doubly-stochastic", options.doubly_stochastic,
      "weight of the doubly stochastic penalty, for source words whose total attention is not 1")
      ->check(detail::between(0, 1e6));
  add("--guided-alignment", options.guided_alignment,
      "weight of the guided alignment loss, which trains the attention weights to match the word links of the training "
      "data; 0 is off")
      ->check(detail::between(0, 1e6));
  add("--word-dropout", options.word_dropout,
      "word dropout r: a source word becomes <unk> with probability r / (r + its count); in a pair with links, only "
      "words "
      "with a one-to-one link, and their translations too; 0 is off")
      ->check(detail::between(0, 1e6));
  add("--dev-metric", options.dev_metric,
      "metric on the dev data that selects the best model; bleu: of greedy translations")
      ->check(CLI::IsMember({"loss", "bleu"}));
  add_optional("--early-stopping", options.early_stopping,
               "stop after this number of epochs without improvement on the dev data (default: never)")
      ->check(CLI::Range(1, 100000));
  add("--average-best", options.average_best,
      "number of epochs whose parameters are averaged after training: the best on the dev data, or the last ones "
      "without "
      "dev data; with dev data, the average is kept only if it is better than the best model; 1: no average")
      ->check(CLI::Range(1, 100));
  add("--average-decay", options.average,
      "decay of a moving average of the parameters; the averaged model is evaluated and saved; 0 is off")
      ->check(detail::between(0, 0.999999));
  add("--teacher-forcing", options.teacher_forcing,
      "probability of teacher forcing; other steps are fed a token of the model; with a schedule, the minimum")
      ->check(detail::between(0, 1));
  add("--forcing-schedule", options.forcing_schedule,
      "schedule of teacher forcing; linear: falls from 1 over the run; inverse-sigmoid: k / (k + e^(update / k))")
      ->check(CLI::IsMember({"constant", "linear", "inverse-sigmoid"}));
  add_optional("--forcing-k", options.forcing_k, "inverse-sigmoid: k, in updates")->check(detail::between(1, 1e9));
  add("--sampled-token", options.sampled_token, "how scheduled sampling picks the token of the model")
      ->check(CLI::IsMember({"argmax", "sample"}));
  add_seed(command, options.seed)->group("Training");
}

/// Adds --log, --log-every and --report.
inline void add_log_options(CLI::App& command, TrainingOptions& options) {
  auto* const log = command
                        .add_option("--log", options.log,
                                    "file for a log of the run, one JSON object per line; it is overwritten, or "
                                    "continued with --resume (default: none)")
                        ->group("Training");
  command.add_option("--log-every", options.log_every, "number of updates per record of the log")
      ->group("Training")
      ->check(CLI::Range(1, 1000000000))
      ->needs(log)
      ->capture_default_str();
  command
      .add_option("--report", options.report,
                  "file for a report of the run, made from the log: an HTML page with curves, scores and translations "
                  "with alignments (default: none)")
      ->group("Training")
      ->needs(log);
}

/// Throws heed::Error, with `problem` in the message, if attention is `needed` and the decoder of the model `name` has
/// none.
inline void require_attention(bool needed, const heed::TranslatorConfig& config, const std::string& name,
                              const std::string& problem) {
  heed::require(!needed || config.attends(),
                [&] { return name + " has a " + config.decoder + " decoder, which has no attention: " + problem; });
}

inline void add_search_options(CLI::App& command, heed::SearchOptions& options) {
  const auto add = [&](const char* name, auto& value, const char* what) {
    return command.add_option(name, value, what)->group("Search")->capture_default_str();
  };
  add("--beam-size", options.beam, "beam size; 1 is greedy search")->check(CLI::Range(1, 1000));
  add("--length-penalty", options.length_penalty,
      "exponent a of the length penalty: scores are divided by ((5 + words) / 6)^a")
      ->check(detail::between(0, 10));
  add("--coverage-penalty", options.coverage_penalty,
      "weight b of the coverage penalty: b * sum_j log min(c_j, 1) is added to scores; c_j: total weight of word j")
      ->check(detail::between(0, 100));
  add("--min-length", options.minimum_length, "minimum number of words, </s> included")->check(CLI::Range(0, 100000));
  add("--max-length", options.maximum_length,
      "maximum number of words, </s> included; 0: twice the source length + 10, plus --min-length")
      ->check(CLI::Range(0, 100000));
  command.add_flag("--ban-unk", options.ban_unknown, "never generate <unk>")->group("Search");
}

}  // namespace examples
