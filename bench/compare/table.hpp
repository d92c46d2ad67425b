#pragma once

#include "comparison.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

namespace compare {

/// Formats a time with three digits and a unit: "12.3 us".
inline std::string readable_time(double ns) {
  constexpr const char* units[] = {"ns", "us", "ms", "s"};
  std::size_t unit = 0;
  for (; ns >= 999.5 && unit < 3; ++unit) ns /= 1000;
  char text[32];
  std::snprintf(text, sizeof(text), "%.*f %s", ns < 9.995 ? 2 : ns < 99.95 ? 1 : 0, ns, units[unit]);
  return text;
}

inline double geometric_mean(const std::vector<double>& numbers) {
  double sum = 0;
  for (const double number : numbers) sum += std::log(number);
  return std::exp(sum / static_cast<double>(numbers.size()));
}

/// A table of all rows of all programs. It is grouped by family, with a line for each workload and the means.
class Table {
 public:
  explicit Table(std::vector<Row> rows) : rows_(std::move(rows)) {
    for (const Row& row : rows_) {
      add_once(families_, row.family);
      widest_ = std::max({widest_, static_cast<int>(row.workload.size()), static_cast<int>(row.family.size())});
    }
  }

  void print() const {
    std::printf(
        "\nTimes are medians. The number after a rival's time is its ratio to heed's time: above 1, heed is faster."
        "\n`limit` is heed's share of the calculated limit, `minimum` the ratio to the fastest rival, `spread` half of "
        "the"
        "\ninterquartile range of this ratio, in percent of the ratio.\n");
    for (const std::string& family : families_) print_family(family);
    print_kept_in_16_bits();
  }

 private:
  static void add_once(std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }

  void print_family(const std::string& family) const {
    std::vector<std::string> workloads, rivals;
    for (const Row& row : rows_) {
      if (row.family != family) continue;
      add_once(workloads, row.workload);
      add_once(rivals, row.rival);
    }
    std::printf("\n%-*s  %9s  %5s", widest_, family.c_str(), "heed", "limit");
    for (const std::string& rival : rivals) std::printf("  %16s", rival.c_str());
    std::printf("  %7s  %6s\n", "minimum", "spread");

    std::vector<double> shares, minima;
    std::vector<std::vector<double>> ratios(rivals.size());
    for (const std::string& workload : workloads) {
      const Row& closest = print_workload(workload, rivals, ratios, shares);
      std::printf("  %7.2f  %4.0f %%\n", closest.ratio, 50 * (closest.ratio_high - closest.ratio_low) / closest.ratio);
      minima.push_back(closest.ratio);
    }
    if (workloads.size() < 2) return;
    std::printf("%-*s  %9s  %3.0f %%", widest_, "  geometric mean", "", 100 * geometric_mean(shares));
    for (const std::vector<double>& of_rival : ratios) std::printf("  %9s %6.2f", "", geometric_mean(of_rival));
    std::printf("  %7.2f\n", geometric_mean(minima));
  }

  /// Prints the ratio of the times with float32 and with 16-bit weights or a 16-bit memory. The name of a 16-bit
  /// workload is the name of the float32 workload followed by "/bfloat16" or "/half".
  void print_kept_in_16_bits() const {
    std::vector<std::string> done;
    for (const Row& row : rows_) {
      const std::size_t slash = row.workload.rfind('/');
      const std::string kept = row.workload.substr(slash + 1), same = row.workload.substr(0, slash);
      if ((kept != "bfloat16" && kept != "half") || std::count(done.begin(), done.end(), row.workload) > 0) continue;
      const std::vector<double> wide = heed_times(same);
      if (wide.empty()) continue;
      if (done.empty()) std::printf("\n%-*s  %9s  %7s  %6s\n", widest_, "16 bits", "heed", "float32", "ratio");
      done.push_back(row.workload);
      const double narrow = median(heed_times(row.workload));
      std::printf("%-*s  %9s  %9s  %6.2f\n", widest_, row.workload.c_str(), readable_time(narrow).c_str(),
                  readable_time(median(wide)).c_str(), median(wide) / narrow);
    }
  }

  std::vector<double> heed_times(const std::string& workload) const {
    std::vector<double> times;
    for (const Row& row : rows_) {
      if (row.workload == workload) times.push_back(row.heed_ns);
    }
    return times;
  }

  /// Prints the times of a workload. Appends to `ratios` and `shares`. Returns the row of the fastest rival.
  const Row& print_workload(const std::string& workload, const std::vector<std::string>& rivals,
                            std::vector<std::vector<double>>& ratios, std::vector<double>& shares) const {
    std::vector<double> share;
    const Row* closest = nullptr;
    for (const Row& row : rows_) {
      if (row.workload != workload) continue;
      share.push_back(row.share_of_limit);
      if (closest == nullptr || row.ratio < closest->ratio) closest = &row;
    }
    shares.push_back(median(share));
    std::printf("%-*s  %9s  %3.0f %%", widest_, workload.c_str(), readable_time(median(heed_times(workload))).c_str(),
                100 * shares.back());
    for (std::size_t r = 0; r < rivals.size(); ++r) {
      const auto row = std::find_if(rows_.begin(), rows_.end(), [&](const Row& candidate) {
        return candidate.workload == workload && candidate.rival == rivals[r];
      });
      if (row == rows_.end()) {
        std::printf("  %16s", "");
      } else {
        std::printf("  %9s %6.2f", readable_time(row->rival_ns).c_str(), row->ratio);
        ratios[r].push_back(row->ratio);
      }
    }
    return *closest;
  }

  std::vector<Row> rows_;
  std::vector<std::string> families_;
  int widest_ = 16;
};

}  // namespace compare
