#include <heed/training/mpi.hpp>

#include <heed/heed.hpp>

#include "support/numbers.hpp"
#include "support/translations.hpp"

#include <cstdio>
#include <vector>

// Started with `mpirun -n N`. Trains in N processes and, in process 0, with N threads, and compares the models. Prints
// the largest difference of a parameter after 100 updates. The exit code is not 0 if it is too large.

namespace {

using Model = heed::TranslationModel<double>;

bool check(bool holds, const char* what, int rank) {
  if (!holds) std::fprintf(stderr, "process %d: %s\n", rank, what);
  return holds;
}

bool sums_and_broadcasts(const heed::MpiCommunicator& processes) {
  const int rank = processes.rank(), size = processes.size();
  std::vector<float> x(70000, static_cast<float>(rank + 1));
  processes.all_sum(std::span(x));
  std::vector<double> y = {static_cast<double>(rank), 2.0 * rank}, none;
  processes.broadcast(std::span(y));
  processes.all_sum(std::span(none));
  bool right = true;
  for (const float value : x) right = right && value == static_cast<float>(size * (size + 1) / 2);
  return check(right, "all_sum", rank) && check(y == std::vector<double>{0, 0}, "broadcast", rank);
}

bool trains_like_threads(const heed::MpiCommunicator& processes, bool shared_embeddings) {
  heed::TranslatorConfig config;
  config.hidden = 16;
  config.embedding = 8;
  config.dropout = 0.1;
  config.tied_embeddings = config.shared_embeddings = shared_embeddings;
  const auto batch = heed::test::copy_task(12, 2, 9, 30, 1);
  Model model = heed::test::fresh_model(config, 600, 2), expected = model;
  heed::Trainer shared(model, heed::Adam<Model>(model, 0.01), {}, processes);
  for (std::uint64_t i = 0; i < 100; ++i) shared.update(batch.sources, batch.targets, i);
  double sum = 0, own = 0;
  heed::for_each_parameter([&](const heed::ParameterName&, const auto& x) { own += x.sum(); }, model);
  sum = own;
  processes.all_sum(std::span(&sum, 1));
  const bool equal = check(sum == own * processes.size(), "the processes have different models", processes.rank());
  if (processes.rank() != 0) return equal;
  heed::Trainer<Model> alone(expected, heed::Adam<Model>(expected, 0.01), {.threads = processes.size()});
  for (std::uint64_t i = 0; i < 100; ++i) alone.update(batch.sources, batch.targets, i);
  const double difference = part_difference(model, expected);
  std::printf("%d processes: largest difference of a parameter after 100 updates %.2g\n", processes.size(), difference);
  return equal && check(difference < 1e-8, "the processes do not train as the threads do", 0);
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  const heed::MpiCommunicator processes;
  double failures = sums_and_broadcasts(processes) ? 0 : 1;  // every process makes all calls, also after a failure
  for (const bool shared : {false, true}) failures += trains_like_threads(processes, shared) ? 0 : 1;
  processes.all_sum(std::span(&failures, 1));
  MPI_Finalize();
  return failures == 0 ? 0 : 1;
}
