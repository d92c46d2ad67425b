#pragma once

#include "translate/decoding.hpp"
#include "translate/options.hpp"

#include <string>
#include <string_view>

namespace examples {

namespace detail {

/// Returns the option `--name` of a command. Throws CLI::OptionNotFound if there is none.
inline CLI::Option* option_called(CLI::App& command, std::string_view name) {
  CLI::Option* const option = find_option(command, name);
  if (option == nullptr) throw CLI::OptionNotFound(std::string(name));
  return option;
}

}  // namespace detail

/// Adds the options of `DecodingOptions`, except the number of translations and the prefix.
inline void add_decoding_options(CLI::App& command, DecodingOptions& how) {
  add_search_options(command, how.search);
  const auto add = [&](const char* name, auto& value, const char* what) {
    return command.add_option(name, value, what)->group("Sampling")->capture_default_str();
  };
  auto* const sample =
      command.add_flag("--sample", how.sample, "sample translations instead of searching for the most probable ones")
          ->group("Sampling");
  for (const char* const name : {"beam-size", "length-penalty", "coverage-penalty"}) {
    sample->excludes(detail::option_called(command, name));
  }
  add("--temperature", how.sampling.temperature, "sampling temperature; below 1 probable words are sampled more often")
      ->check(detail::between(1e-6, 1e6))
      ->needs(sample);
  add("--top-k", how.sampling.top_k, "sample from the k most probable words; 0: all words")
      ->check(CLI::Range(0, 1000000000))
      ->needs(sample);
  add("--top-p", how.sampling.top_p, "sample from the smallest set of words with total probability p; 1: all words")
      ->check(detail::between(1e-9, 1))
      ->needs(sample);
  add("--seed", how.sampling.seed, "random seed; equal sentences get equal samples")
      ->check(detail::whole_number)
      ->needs(sample);
  command.add_flag("--hard", how.hard, "monotonic attention: attend to one word per step (hard attention)")
      ->group("Search");
  command
      .add_flag("--replace-unk", how.replace_unknown,
                "replace <unk> by the source word with the largest attention weight")
      ->group("Search")
      ->excludes(detail::option_called(command, "ban-unk"));
}

/// Throws if the options contradict each other. Call it right after parsing the command line.
inline void check(const DecodingOptions& how) {
  const heed::SearchOptions& options = how.search;
  const auto number = [](heed::Index x) { return std::to_string(x); };
  if (!how.sample && options.best > options.beam) {
    throw CLI::ValidationError(
        "--n-best", number(options.best) + " must not exceed the beam size (--beam-size " + number(options.beam) + ')');
  }
  if (options.maximum_length > 0 && options.minimum_length > options.maximum_length) {
    throw CLI::ValidationError("--min-length", number(options.minimum_length) + " is more than --max-length " +
                                                   number(options.maximum_length));
  }
}

/// Throws heed::Error if an option needs attention and the model `name` has none.
inline void check(const DecodingOptions& how, const heed::TranslatorConfig& config, const std::string& name) {
  require_attention(how.search.coverage_penalty > 0, config, name, "--coverage-penalty cannot be used");
  require_attention(how.replace_unknown, config, name, "--replace-unk cannot be used");
}

/// Encodes --prefix. Throws heed::Error if a word is not in the vocabulary, or if the prefix is too long.
inline std::vector<heed::Token> read_prefix(const std::string& text, const heed::Translator& translator,
                                            heed::Index maximum_length) {
  const heed::Vocabulary& vocabulary = translator.target;
  const heed::Words words = translator.target_subwords.split(translator.target_tokenizer().tokenize(text)).pieces;
  for (const auto& word : words) {
    heed::require(vocabulary.contains(word) && vocabulary.id(word) > heed::symbols::eos,
                  [&] { return "--prefix: the target vocabulary does not contain " + heed::detail::in_quotes(word); });
  }
  heed::require(maximum_length == 0 || static_cast<heed::Index>(words.size()) < maximum_length, [&] {
    return "--prefix: " + std::to_string(words.size()) + " tokens and </s> do not fit into --max-length " +
           std::to_string(maximum_length);
  });
  return vocabulary.encode(words);
}

}  // namespace examples
