#pragma once

#include <heed/heed.hpp>

#include <benchmark/benchmark.h>

#include <cmath>
#include <string>

/// What the benchmarks share: random numbers, the comparison before every measurement, and the loop that measures.
namespace bench {

using heed::Index;
using Matrix = heed::Matrix<float>;
using Vector = heed::Vector<float>;

template <class X>
void randomize(X&& x, float bound, heed::Random& random) {
  for (Index j = 0; j < x.cols(); ++j) {
    for (Index i = 0; i < x.rows(); ++i) x(i, j) = static_cast<float>(random.uniform(-bound, bound));
  }
}

inline Matrix random_matrix(Index rows, Index cols, heed::Random& random) {
  Matrix x(rows, cols);
  randomize(x, 1, random);
  return x;
}

/// Every parameter uniform on +-1 / sqrt(size), biases included, so that one left out would be noticed.
template <heed::Part P>
void randomize_parameters(P& part, Index size, heed::Random& random) {
  const float bound = 1 / std::sqrt(static_cast<float>(size));
  heed::for_each_parameter([&](const heed::ParameterName&, auto& x) { randomize(x, bound, random); }, part);
}

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
