#include <heed/training/communicator.hpp>

#include <heed/training/trainer.hpp>

#include "support/numbers.hpp"
#include "support/translations.hpp"

#include <gtest/gtest.h>

#include <barrier>
#include <memory>
#include <span>
#include <thread>
#include <vector>

namespace processes_test {

using heed::Index;
using heed::TrainerOptions;

using Model = heed::TranslationModel<double>;

/// Processes that are threads of this program.
class Threads {
 public:
  struct Shared {
    explicit Shared(int size) : barrier(size), pieces(static_cast<std::size_t>(size)) {}
    std::barrier<> barrier;
    std::vector<std::span<double>> pieces;  ///< the argument of each process
    std::size_t values = 0;                 ///< that the processes have summed, each
  };

  Threads(std::shared_ptr<Shared> shared, int rank) : shared_(std::move(shared)), rank_(rank) {}
  int rank() const { return rank_; }
  int size() const { return static_cast<int>(shared_->pieces.size()); }
  void all_sum(std::span<float>) const { FAIL() << "the model is double"; }
  void broadcast(std::span<float>) const { FAIL() << "the model is double"; }
  void all_sum(std::span<double> x) const {
    if (rank_ == 0) shared_->values += x.size();
    exchange(x, [&](std::size_t i) {
      double sum = 0;
      for (const auto& piece : shared_->pieces) sum += piece[i];
      return sum;
    });
  }
  void broadcast(std::span<double> x) const {
    exchange(x, [&](std::size_t i) { return shared_->pieces.front()[i]; });
  }

 private:
  template <class Value>
  void exchange(std::span<double> x, const Value& value) const {
    shared_->pieces[static_cast<std::size_t>(rank_)] = x;
    shared_->barrier.arrive_and_wait();
    std::vector<double> result;
    for (const auto& piece : shared_->pieces) EXPECT_EQ(piece.size(), x.size()) << "a collective call of other data";
    for (std::size_t i = 0; i < x.size(); ++i) result.push_back(value(i));
    shared_->barrier.arrive_and_wait();
    std::copy(result.begin(), result.end(), x.begin());
    shared_->barrier.arrive_and_wait();
  }

  std::shared_ptr<Shared> shared_;
  int rank_;
};
static_assert(heed::Communicator<Threads> && heed::Communicator<heed::SingleProcess>);

heed::TranslatorConfig small() {
  heed::TranslatorConfig config;
  config.hidden = 8;
  config.embedding = 5;
  config.dropout = 0.2;
  return config;
}

struct Result {
  std::vector<Model> models;   ///< one for each process
  std::vector<double> losses;  ///< of process 0
  std::size_t values = 0;      ///< summed over the processes in the last update
};

/// Ten updates of several processes.
Result trained(int processes, const TrainerOptions& options, Index vocabulary = 7) {
  const auto batch = heed::test::copy_task(9, 1, 5, 7, 1);
  Result result;
  for (int rank = 0; rank < processes; ++rank) {  // all start as the model of process 0
    result.models.push_back(heed::test::fresh_model(small(), vocabulary, 2 + static_cast<std::uint64_t>(rank)));
  }
  const auto shared = std::make_shared<Threads::Shared>(processes);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < processes; ++rank) {
    threads.emplace_back([&, rank] {
      Model& model = result.models[static_cast<std::size_t>(rank)];
      heed::Trainer trainer(model, heed::Adam<Model>(model, 0.02), options, Threads(shared, rank));
      for (std::uint64_t i = 0; i < 10; ++i) {
        if (rank == 0) shared->values = 0;
        const auto update = trainer.update(batch.sources, batch.targets, i);
        if (rank == 0) result.losses.push_back(update.loss);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  result.values = shared->values;
  return result;
}

TEST(Communicator, ProcessesTrainLikeTheThreadsOfOneProcess) {
  for (const int processes : {1, 2, 3}) {
    for (const int threads : {1, 2}) {
      const Result several = trained(processes, {.threads = threads});
      Model expected = heed::test::fresh_model(small(), 7, 2);
      heed::Trainer<Model> trainer(expected, heed::Adam<Model>(expected, 0.02), {.threads = processes * threads});
      const auto batch = heed::test::copy_task(9, 1, 5, 7, 1);
      for (std::uint64_t i = 0; i < 10; ++i) {
        EXPECT_NEAR(trainer.update(batch.sources, batch.targets, i).loss, several.losses[i], 1e-9);
      }
      EXPECT_LE(part_difference(several.models[0], expected), 1e-10) << processes << " processes";
      for (const Model& model : several.models) EXPECT_EQ(part_difference(model, several.models[0]), 0);
    }
  }
}

/// More processes than sentences: some have nothing to do.
TEST(Communicator, AcceptsProcessesWithoutSentences) {
  const Result several = trained(12, {}), one = trained(1, {});
  EXPECT_LE(part_difference(several.models[0], one.models[0]), 1e-10);
  EXPECT_EQ(part_difference(several.models[11], several.models[0]), 0);
}

TEST(Communicator, DoesNotSendTheRowsOfAbsentWords) {
  constexpr Index vocabulary = 1000;
  const Result several = trained(2, {}, vocabulary), one = trained(1, {}, vocabulary);
  EXPECT_LE(part_difference(several.models[0], one.models[0]), 1e-10);
  const auto parameters = static_cast<std::size_t>(heed::parameter_count(several.models[0]));
  const std::size_t tables = 2 * 5 * vocabulary;  // source and target embeddings, of which at most seven words occur
  EXPECT_LE(several.values, parameters - tables + 2 * 5 * 7 + 2 * vocabulary + 1) << "with marks and the loss";
  EXPECT_GT(several.values, parameters - tables);
}

}  // namespace processes_test
