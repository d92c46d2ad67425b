#pragma once

#include "support/options.hpp"

#include <heed/core/errors.hpp>
#include <heed/text/line_reader.hpp>

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace examples {

namespace detail {

/// The value of the last `--name VALUE` or `--name=VALUE`, or `value` if there is none.
inline std::string last_value(const std::vector<std::string>& arguments, const std::string& name, std::string value) {
  const std::string option = "--" + name, assigned = option + '=';
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].starts_with(assigned)) value = arguments[i].substr(assigned.size());
    if (arguments[i] == option && i + 1 < arguments.size()) value = arguments[i + 1];
  }
  return value;
}

/// True if the arguments set the option.
inline bool is_given(const CLI::Option& option, const std::vector<std::string>& arguments) {
  return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& argument) {
    return std::any_of(option.get_lnames().begin(), option.get_lnames().end(), [&](const std::string& name) {
      return argument == "--" + name || argument.starts_with("--" + name + '=');
    });
  });
}

/// The settings in a config file.
inline std::vector<CLI::ConfigItem> read_config(const std::string& path) {
  std::ifstream in = heed::detail::open_text(path);
  auto items = CLI::ConfigTOML().from_config(in);
  heed::require(!in.bad(), [&] { return path + ": cannot be read"; });
  return items;
}

}  // namespace detail

/// Adds --config, which `with_config_file` evaluates, to a command.
inline void add_config(CLI::App& command, std::string& path) {
  command
      .add_option("--config", path,
                  "file of options, one per line: name = value, in TOML, without sections; options on the command line "
                  "take precedence")
      ->capture_default_str();
}

/// Returns the arguments of a program with those of the config file inserted after the first one, which is the name of
/// the command. The file is the value of --config in `arguments`, otherwise `path`; an empty path means no file.
/// Options in `arguments` replace those of the file. Throws heed::Error if the file cannot be read, or if it has a
/// section or an option that the command does not have.
inline std::vector<std::string> with_config_file(CLI::App& command, std::vector<std::string> arguments,
                                                 std::string path) {
  path = detail::last_value(arguments, "config", std::move(path));
  if (path.empty()) return arguments;
  std::vector<std::string> added;
  for (const CLI::ConfigItem& item : detail::read_config(path)) {
    heed::require(item.parents.empty(), [&] {
      return path + ": expected options without sections, got section " + heed::detail::in_quotes(item.parents[0]);
    });
    const CLI::Option* const option = detail::find_option(command, item.name);
    heed::require(option != nullptr && item.name != "config" && item.name != "help", [&] {
      return path + ": the command " + command.get_name() + " has no option " + heed::detail::in_quotes(item.name);
    });
    if (detail::is_given(*option, arguments)) continue;
    for (const std::string& value : item.inputs) added.push_back("--" + item.name + '=' + value);
  }
  arguments.insert(arguments.begin() + 1, added.begin(), added.end());
  return arguments;
}

}  // namespace examples
