#pragma once

#include <heed/core/parameters.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

namespace heed { inline namespace v0_2 {

/// The processes of a training run, on one machine or on several, from the view of one of them. `heed/training/mpi.hpp`
/// has one for MPI. All functions but `rank` and `size` are collective: every process calls them, in the same order and
/// with spans of the same size.
///
/// | member         | meaning                                                                         |
/// |----------------|---------------------------------------------------------------------------------|
/// | `rank()`       | number of this process, 0 to size() - 1                                         |
/// | `size()`       | number of processes                                                             |
/// | `all_sum(x)`   | replaces x by its sum over all processes, with the same bits in every process   |
/// | `broadcast(x)` | replaces x by that of process 0                                                 |
template <class C>
concept Communicator = std::copyable<C> && requires(C& c, const C& constant, std::span<float> x, std::span<double> y) {
  { constant.rank() } -> std::convertible_to<int>;
  { constant.size() } -> std::convertible_to<int>;
  c.all_sum(x);
  c.all_sum(y);
  c.broadcast(x);
  c.broadcast(y);
};

/// A single process: the default of `Trainer`.
struct SingleProcess {
  int rank() const { return 0; }
  int size() const { return 1; }
  template <class S>
  void all_sum(std::span<S>) const {}
  template <class S>
  void broadcast(std::span<S>) const {}
};

/// Sums gradients over all processes. Columns that are zero in every process, such as those of words that do not occur
/// in a batch, are not sent, if their matrix has at least 256 columns and 2 rows. Messages have up to 2^20 values.
template <class S>
class GradientSum {
 public:
  /// Replaces every parameter of `grad` by its sum over all processes.
  template <Part Model, Communicator Processes>
  void operator()(Model& grad, Processes& processes) {
    marks_.clear();
    for_each_parameter(
        [&](const ParameterName&, const auto& x) {
          if (!is_large(x)) return;
          for (Index j = 0; j < x.cols(); ++j) marks_.push_back(x.col(j).isZero(S(0)) ? S(0) : S(1));
        },
        grad);
    all_sum(marks_, processes);
    values_.clear();
    for_each_sent_column(grad, [&](auto&& column) { values_.insert(values_.end(), column.begin(), column.end()); });
    all_sum(values_, processes);
    auto next = values_.begin();
    for_each_sent_column(grad, [&](auto&& column) {
      for (S& value : column) value = *next++;
    });
  }

  /// The number of values that the last call summed, without the flag of each column that need not be sent.
  std::size_t sent() const { return values_.size(); }

 private:
  static constexpr std::size_t bucket = std::size_t{1} << 20;  // values per message
  static constexpr Index many_columns = 256;

  template <class X>
  static bool is_large(const X& x) {
    return x.cols() >= many_columns && x.rows() > 1;
  }

  template <class Processes>
  static void all_sum(std::vector<S>& x, Processes& processes) {
    for (std::size_t begin = 0; begin < x.size(); begin += bucket) {
      processes.all_sum(std::span(x).subspan(begin, std::min(bucket, x.size() - begin)));
    }
  }

  /// Calls use(column) for every column of the parameters, except those that are zero in all processes.
  template <class Model, class Use>
  void for_each_sent_column(Model& grad, const Use& use) {
    auto mark = marks_.begin();
    for_each_parameter(
        [&](const ParameterName&, auto& x) {
          const bool large = is_large(x);
          for (Index j = 0; j < x.cols(); ++j) {
            if (large && *mark++ == S(0)) continue;
            use(std::span<S>(x.col(j).data(), static_cast<std::size_t>(x.rows())));
          }
        },
        grad);
  }

  std::vector<S> marks_, values_;
};

}}  // namespace heed::v0_2
