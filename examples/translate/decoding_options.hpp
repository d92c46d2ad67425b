#pragma once

#include "translate/decoding.hpp"
#include "translate/options.hpp"

#include <string>
#include <string_view>

namespace examples {

namespace detail {

/// The option of a command that is called `--name`. `CLI::App::get_option` does the same, but terminates the program if
/// memory runs out.
inline CLI::Option* option_called(CLI::App& command, std::string_view name) {
  for (CLI::Option* const option : command.get_options()) {
    for (const std::string& known : option->get_lnames()) {
      if (known == name) return option;
    }
  }
  throw CLI::OptionNotFound(std::string(name));
}

}  // namespace detail

/// The options of `DecodingOptions` that concern one translation, for the commands that translate.
inline void add_decoding_options(CLI::App& command, DecodingOptions& how) {
  add_search_options(command, how.search);
  const auto add = [&](const char* name, auto& value, const char* what) {
    return command.add_option(name, value, what)->group("Sampling")->capture_default_str();
  };
  auto* const sample =
      command.add_flag("--sample", how.sample, "draw translations at random instead of searching for the likeliest")
          ->group("Sampling");
  for (const char* const name : {"beam", "length-penalty", "coverage-penalty"}) {
    sample->excludes(detail::option_called(command, name));
  }
  add("--temperature", how.sampling.temperature, "below 1 likely words are drawn more often, above 1 less often")
      ->check(detail::between(1e-6, 1e6))
      ->needs(sample);
  add("--top-k", how.sampling.top_k, "draw among so many words, the likeliest (0: all)")
      ->check(CLI::Range(0, 1000000000))
      ->needs(sample);
  add("--top-p", how.sampling.top_p, "draw among the fewest words that are together this likely (1: all)")
      ->check(detail::between(1e-9, 1))
      ->needs(sample);
  add("--seed", how.sampling.seed, "of what is drawn; a sentence that comes twice gets the same twice")
      ->check(detail::whole_number)
      ->needs(sample);
  command.add_flag("--hard", how.hard, "monotonic attention: look at one word a step, not at what is expected")
      ->group("Search");
  command
      .add_flag("--replace-unknown", how.replace_unknown,
                "write the source word that was looked at most in the place of <unk>")
      ->group("Search")
      ->excludes(detail::option_called(command, "no-unknown"));
}

/// Throws unless the options go together. For right after the command line was read.
inline void check(const DecodingOptions& how) {
  const heed::SearchOptions& options = how.search;
  const auto number = [](heed::Index x) { return std::to_string(x); };
  if (!how.sample && options.best > options.beam) {
    throw CLI::ValidationError(
        "--n-best", number(options.best) + " translations need a --beam of as many, not of " + number(options.beam));
  }
  if (options.maximum_length > 0 && options.minimum_length > options.maximum_length) {
    throw CLI::ValidationError("--min-length", number(options.minimum_length) + " is more than --max-length " +
                                                   number(options.maximum_length));
  }
}

/// Throws if what is asked for needs attention and the model `name` has none.
inline void check(const DecodingOptions& how, const heed::TranslatorConfig& config, const std::string& name) {
  require_attention(how.search.coverage_penalty > 0, config, name, "there is no coverage to speak of");
  require_attention(how.replace_unknown, config, name, "nothing can be put in the place of <unk>");
}

/// Reads --prefix. Throws if the model does not know a word of it, or if it is too long.
inline std::vector<heed::Token> read_prefix(const std::string& text, const heed::Vocabulary& vocabulary,
                                            heed::Index maximum_length) {
  const heed::Words words = heed::split_words(text);
  for (const auto& word : words) {
    heed::require(vocabulary.contains(word) && vocabulary.id(word) > heed::symbols::eos,
                  [&] { return "--prefix: the model knows no target word " + heed::detail::in_quotes(word); });
  }
  heed::require(maximum_length == 0 || static_cast<heed::Index>(words.size()) < maximum_length, [&] {
    return "--prefix: " + std::to_string(words.size()) + " words and the end do not fit into --max-length " +
           std::to_string(maximum_length);
  });
  return vocabulary.encode(words);
}

}  // namespace examples
