#pragma once

#include "random_parts.hpp"

#include <benchmark/benchmark.h>

#include <string>

/// What the benchmarks share besides random numbers: the comparison before every measurement, and the loop that measures.
namespace bench {

/// Whether two results are the same up to the rounding of float. A NaN agrees with nothing.
template <class A, class B>
bool agree(const A& a, const B& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() && ((a - b).array().abs() <= 1e-4f * (1 + b.array().abs())).all();
}

/// Times `work()`, which reads and writes only what `data` owns: the compiler must take that for read and changed by
/// someone else between any two calls.
template <class Data, class Work>
void measure(benchmark::State& state, Data& data, const Work& work) {
  Data* escaped = &data;
  benchmark::DoNotOptimize(escaped);
  for (auto _ : state) {
    work();
    benchmark::ClobberMemory();
  }
}

/// Shows how many `units` were done a second; a unit of work is `per_iteration` of them.
inline void count(benchmark::State& state, const std::string& units, double per_iteration) {
  state.counters[units] = benchmark::Counter(per_iteration, benchmark::Counter::kIsIterationInvariantRate);
}

/// Adds a row; `run` has its own type and is not deduced before the row runs.
template <class Run>
benchmark::internal::Benchmark* add_row(const std::string& name, Run run) {
  return benchmark::RegisterBenchmark(name.c_str(), run);
}

}  // namespace bench
