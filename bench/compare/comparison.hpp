#pragma once

#include "machine.hpp"
#include "timing.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#ifndef HEED_COMPARE_FLAGS
#define HEED_COMPARE_FLAGS "unknown"
#endif

namespace compare {

/// The largest difference between two results, and the two values that differ by it.
struct Difference {
  double size = 0, heed = 0, rival = 0;
};

inline const Difference& larger(const Difference& a, const Difference& b) { return a.size < b.size ? b : a; }

/// The maximum of |heed - rival| / scale. It is infinite if a value is NaN or the sizes differ.
template <class A, class B>
Difference difference(const Eigen::DenseBase<A>& heed, const Eigen::DenseBase<B>& rival, double scale = 1) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  if (heed.rows() != rival.rows() || heed.cols() != rival.cols()) return {infinite, 0, 0};
  Difference worst;
  for (Eigen::Index j = 0; j < heed.cols(); ++j) {
    for (Eigen::Index i = 0; i < heed.rows(); ++i) {
      const auto a = static_cast<double>(heed.derived().coeff(i, j)),
                 b = static_cast<double>(rival.derived().coeff(i, j));
      const double size = std::abs(a - b) / scale;
      worst = larger(worst, {std::isnan(size) ? infinite : size, a, b});
    }
  }
  return worst;
}

inline Difference difference(double heed, double rival, double scale = 1) {
  return difference(Eigen::Array<double, 1, 1>(heed), Eigen::Array<double, 1, 1>(rival), scale);
}

/// A workload that heed and a rival compute.
struct Contest {
  std::string workload{};  ///< "lstm/batch:32/H:256"
  std::string family{};    ///< "lstm, batch 32"; the table has a mean for each family
  std::string rival{};     ///< "eigen", "scalar", "onednn", "pytorch" or "rtneural"
  Work work{};             ///< the minimum work of one unit
  double units = 1;        ///< units per call; the times of a row are times per unit
  int cores = 1;           ///< number of cores that each side uses
  double tolerance = 1e-4;
  std::function<void()> heed_call{}, rival_call{};
  std::function<Difference()> difference{};  ///< called after one call of each side
};

/// The result of a contest. Times are nanoseconds per unit.
struct Row {
  std::string workload{}, family{}, rival{};
  double heed_ns = 0, rival_ns = 0;
  double ratio = 0;                         ///< rival_ns / heed_ns, both medians
  double ratio_low = 0, ratio_high = 0;     ///< the quartiles of the ratio over the rounds
  double limit_ns = 0, share_of_limit = 0;  ///< the minimum time that `Limits` computes, and its ratio to heed's
  double largest_difference = 0, tolerance = 0;
  int cores = 1;

  NLOHMANN_DEFINE_TYPE_INTRUSIVE(Row, workload, family, rival, heed_ns, rival_ns, ratio, ratio_low, ratio_high,
                                 limit_ns, share_of_limit, largest_difference, tolerance, cores)
};

/// The rows of one program. `add` throws if the results of heed and of its rival differ by more than the tolerance.
class Comparison {
 public:
  Comparison(Pace pace, std::vector<std::string> only) : pace_(pace), only_(std::move(only)) {}

  /// True if a row is selected by the command line. Call it before the construction of a large workload.
  bool wants(const std::string& workload) const {
    if (only_.empty()) return true;
    return std::any_of(only_.begin(), only_.end(),
                       [&](const std::string& part) { return workload.find(part) != std::string::npos; });
  }

  /// Calls each side once and compares the results. Then measures both.
  void add(const Contest& contest) {
    if (!pin(contest.cores)) {
      std::fprintf(stderr, "  %s left out: it needs %d cores\n", contest.workload.c_str(), contest.cores);
      return;
    }
    contest.heed_call();
    contest.rival_call();
    const Difference found = contest.difference();
    if (!(found.size <= contest.tolerance)) throw std::runtime_error(disagreement(contest, found));

    const auto least = [&] { return limits_.sample(contest.work, contest.cores); };
    const Rounds rounds = alternate(contest.heed_call, contest.rival_call, pace_,
                                    contest.cores == 1 ? processor_seconds : wall_seconds, least);
    Row row{.workload = contest.workload, .family = contest.family, .rival = contest.rival};
    row.heed_ns = 1e9 * median(rounds.heed) / contest.units;
    row.rival_ns = 1e9 * median(rounds.rival) / contest.units;
    row.ratio = row.rival_ns / row.heed_ns;
    std::vector<double> ratios;
    for (std::size_t i = 0; i < rounds.heed.size(); ++i) ratios.push_back(rounds.rival[i] / rounds.heed[i]);
    std::sort(ratios.begin(), ratios.end());
    row.ratio_low = ratios[ratios.size() / 4];
    row.ratio_high = ratios[ratios.size() - 1 - ratios.size() / 4];
    row.limit_ns = 1e9 * median(rounds.least);
    row.share_of_limit = row.limit_ns / row.heed_ns;
    row.largest_difference = found.size;
    row.tolerance = contest.tolerance;
    row.cores = contest.cores;
    std::fprintf(stderr,
                 "  %-36s %-8s heed %12.0f ns  rival %12.0f ns  ratio %6.2f  share of limit %3.0f %%  differ %.1e\n",
                 row.workload.c_str(), row.rival.c_str(), row.heed_ns, row.rival_ns, row.ratio,
                 100 * row.share_of_limit, row.largest_difference);
    rows_.push_back(std::move(row));
  }

  const Limits& limits() const { return limits_; }
  const std::vector<Row>& rows() const { return rows_; }

 private:
  static std::string disagreement(const Contest& contest, const Difference& found) {
    char text[400];
    std::snprintf(
        text, sizeof(text), "%s: heed has %.9g and %s has %.9g; the difference is %.3g, the tolerance is %.3g",
        contest.workload.c_str(), found.heed, contest.rival.c_str(), found.rival, found.size, contest.tolerance);
    return text;
  }

  Pace pace_;
  std::vector<std::string> only_;
  Limits limits_;
  std::vector<Row> rows_;
};

/// The output of one program, which the main program reads for the table.
inline nlohmann::json report(const Comparison& comparison, const std::map<std::string, std::string>& rivals) {
  nlohmann::json levels = nlohmann::json::array();
  for (const Level& level : comparison.limits().levels()) {
    levels.push_back({{"name", level.name}, {"bytes", level.bytes}, {"bandwidth", level.bandwidth}});
  }
  return {{"rivals", rivals},
          {"compiler", compiler()},
          {"flags", HEED_COMPARE_FLAGS},
          {"eigen", eigen()},
          {"processor", processor()},
          {"limits", {{"flops", comparison.limits().peak()}, {"levels", levels}}},
          {"rows", comparison.rows()}};
}

/// The main function of a program that compares heed with `rivals` (name and version). `body(comparison)` adds the
/// rows. After an error, prints it and returns non-zero.
template <class Body>
int run(int argc, char** argv, const std::map<std::string, std::string>& rivals, const Body& body) {
  std::string names;
  for (const auto& [name, version] : rivals) names += (names.empty() ? "" : ", ") + name;
  CLI::App app("Times heed against " + names + " on one core, after comparing their results.");
  bool quick = false;
  std::vector<std::string> only;
  std::string out;
  app.add_flag("--quick", quick, "fewer and shorter rounds");
  app.add_option("--only", only, "only workloads whose name contains one of these");
  app.add_option("--out", out, "file to write the rows to, as JSON");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  try {
    pin(1);
    Comparison comparison(quick ? Pace::quick() : Pace{}, only);
    body(comparison);
    if (!out.empty()) {
      std::ofstream file(out);
      file << report(comparison, rivals).dump(2) << '\n';
      if (!file.flush()) throw std::runtime_error("cannot write " + out);
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}

}  // namespace compare
