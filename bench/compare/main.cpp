// Runs all programs that compare heed with a rival, one after another, and prints one table of their results.

#include "programs.hpp"
#include "table.hpp"

#include <filesystem>
#include <fstream>

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Options {
  bool quick = false;
  std::vector<std::string> only, against;
  std::string programs = HEED_COMPARE_DIR, out = "heed_compare.json";
};

void add_to(CLI::App& app, Options& options) {
  std::vector<std::string> names;
  for (const compare::Program& program : compare::programs(HEED_COMPARE_PROGRAMS)) names.push_back(program.name);
  app.add_flag("--quick", options.quick, "fewer and shorter rounds: a rough estimate");
  app.add_option("--only", options.only, "only workloads whose name contains one of these, such as lstm/batch:32");
  app.add_option("--against", options.against, "only these libraries; eigen includes the scalar loops")
      ->check(CLI::IsMember(names));
  app.add_option("--programs", options.programs, "folder of the programs that compare")->capture_default_str();
  app.add_option("--out", options.out, "file to write the results to, as JSON")->capture_default_str();
}

json read_json(const fs::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return json::parse(file);
}

void print_machine(const json& report) {
  const auto text = [&](const char* key) { return report.at(key).get<std::string>(); };
  std::printf("processor  %s\n", text("processor").c_str());
  std::printf("compiler   %s\nflags      %s\n", text("compiler").c_str(), text("flags").c_str());
  std::printf("eigen      %s\n", text("eigen").c_str());
  const json& limits = report.at("limits");
  std::printf("limits     %.0f GFLOP/s", limits.at("flops").get<double>() / 1e9);
  for (const json& level : limits.at("levels")) {
    std::printf(", %s %.0f GB/s", level.at("name").get<std::string>().c_str(),
                level.at("bandwidth").get<double>() / 1e9);
  }
  std::printf(" (one core, reading)\n");
}

/// A file that the destructor removes.
struct TemporaryFile {
  fs::path path;

  explicit TemporaryFile(fs::path path_) : path(std::move(path_)) {
    if (!std::ofstream(path)) throw std::runtime_error("cannot write " + path.string());
  }
  ~TemporaryFile() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
};

void compare_all(const Options& options) {
  const fs::path out = fs::absolute(options.out);
  std::vector<json> reports;
  std::vector<std::string> absent;
  for (const compare::Program& program : compare::programs(HEED_COMPARE_PROGRAMS)) {
    const auto& against = options.against;
    if (!against.empty() && std::find(against.begin(), against.end(), program.name) == against.end()) continue;
    if (!program.absent.empty()) {
      absent.push_back(program.name + ": " + program.absent);
      continue;
    }
    std::fprintf(stderr, "heed against %s\n", program.name.c_str());
    const TemporaryFile rows(out.string() + '.' + program.name);
    std::vector<std::string> arguments{"--out", rows.path.string()};
    if (options.quick) arguments.emplace_back("--quick");
    for (const std::string& part : options.only) arguments.push_back("--only=" + part);
    compare::run_program(fs::path(options.programs) / ("compare_" + program.name), arguments);
    reports.push_back(read_json(rows.path));
  }

  std::vector<compare::Row> rows;
  std::string versions;
  for (const json& report : reports) {
    for (const json& row : report.at("rows")) rows.push_back(row.get<compare::Row>());
    for (const auto& [name, version] : report.at("rivals").items()) {
      versions += (versions.empty() ? "" : ", ") + name + ' ' + version.get<std::string>();
    }
  }
  if (rows.empty()) throw std::runtime_error("nothing was compared: no program, or no workload with this name");
  print_machine(reports.front());
  std::printf("rivals     %s\n", versions.c_str());
  for (const std::string& name : absent) std::printf("absent     %s\n", name.c_str());
  compare::Table(rows).print();

  std::ofstream file(out);
  file << json(rows).dump(2) << '\n';
  if (!file.flush()) throw std::runtime_error("cannot write " + out.string());
  std::printf("\nresults: %s\n", out.string().c_str());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Compares heed with every library that was found at build time: the same work on one core, after a comparison\n"
      "of the results. The last line is `results: FILE`, a JSON list with a row for each comparison.");
  Options options;
  add_to(app, options);
  CLI11_PARSE(app, argc, argv);
  try {
    compare_all(options);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
