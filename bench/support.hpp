#pragma once

#include "random_parts.hpp"

#include <benchmark/benchmark.h>

#include <string>

/// Functions that the benchmarks share: the comparison before every measurement, and the measurement loop.
namespace bench {

/// True if two results are equal up to float rounding. NaN is equal to nothing.
template <class A, class B>
bool agree(const A& a, const B& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() && ((a - b).array().abs() <= 1e-4f * (1 + b.array().abs())).all();
}

/// Measures `work()`, which reads and writes only memory that `data` owns. The compiler must assume that this memory is
/// read and changed between two calls, so it cannot remove a call.
template <class Data, class Work>
void measure(benchmark::State& state, Data& data, const Work& work) {
  Data* escaped = &data;
  benchmark::DoNotOptimize(escaped);
  for (auto _ : state) {
    work();
    benchmark::ClobberMemory();
  }
}

/// Reports `units` per second. One iteration processes `per_iteration` of them.
inline void count(benchmark::State& state, const std::string& units, double per_iteration) {
  state.counters[units] = benchmark::Counter(per_iteration, benchmark::Counter::kIsIterationInvariantRate);
}

/// Adds a row, which calls `run(state)`.
template <class Run>
benchmark::internal::Benchmark* add_row(const std::string& name, Run run) {
  return benchmark::RegisterBenchmark(name.c_str(), run);
}

}  // namespace bench
