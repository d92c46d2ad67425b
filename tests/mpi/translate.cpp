#include "cli/program.hpp"

#include <cmath>

namespace translate_mpi_test {

using namespace heed::test;

/// `mpirun -n N translate ...`
class TranslateProcesses : public Program {
 protected:
  TranslateProcesses() { program_ = MPIRUN_PROGRAM; }

  static Arguments mpirun(int processes, const Arguments& arguments) {
    return Arguments{"-n", std::to_string(processes), "--oversubscribe", "--allow-run-as-root", TRANSLATE_PROGRAM} +
           arguments;
  }
  Arguments run_of(const std::string& save, const std::string& batch) const {
    return with(with(with(training(save), "--batch-size", batch), "--epochs", "5"), "--threads", "1") +
           Arguments{"--dev", write("dev.tsv", pairs_of("dev.tsv", 12)), "--dropout", "0.2"};
  }
  double dev_loss(const Outcome& outcome) const {
    const auto at = outcome.err.rfind("dev loss ");
    EXPECT_NE(at, std::string::npos) << outcome.err;
    return at == std::string::npos ? 0 : std::stod(outcome.err.substr(at + 9));
  }

  /// The processes of the program in an mpirun.
  static std::vector<pid_t> children(pid_t mpirun_process) {
    std::vector<pid_t> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const std::string name = entry.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      std::istringstream status(contents(entry.path() / "stat"));
      std::string pid, command, state, parent;
      status >> pid >> command >> state >> parent;
      if (parent == std::to_string(mpirun_process)) found.push_back(std::stoi(pid));
    }
    return found;
  }
};

TEST_F(TranslateProcesses, TrainAsOneProcessWithALargerBatch) {
  const Outcome two = run(mpirun(2, run_of("two", "8"))), three = run(mpirun(3, run_of("three", "4")));
  ASSERT_EQ(two.code, 0) << two.err;
  ASSERT_EQ(three.code, 0) << three.err;
  const Arguments alone{"-n", "1", "--allow-run-as-root", TRANSLATE_PROGRAM};
  const Outcome sixteen = run(alone + run_of("sixteen", "16")), twelve = run(alone + run_of("twelve", "12"));
  ASSERT_EQ(sixteen.code, 0) << sixteen.err;
  EXPECT_NEAR(dev_loss(two), dev_loss(sixteen), 2e-4);
  EXPECT_NEAR(dev_loss(three), dev_loss(twelve), 2e-4);
  EXPECT_EQ(lines_of(two.out).size(), 2U) << "only one process writes: " << two.out;
  EXPECT_EQ(files(), (std::set<std::string>{"dev.tsv", "sixteen", "three", "train.tsv", "twelve", "two"}));
}

/// The state of a run that lost a process can be resumed by another number of processes.
TEST_F(TranslateProcesses, ResumeAfterAProcessWasKilled) {
  const Arguments command = with(run_of("model", "8"), "--epochs", "100000");
  const pid_t process = start(mpirun(2, command));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (contents(path("err")).find("epoch 3: ") == std::string::npos && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  const auto processes = children(process);
  ASSERT_EQ(processes.size(), 2U);
  kill(processes.back(), SIGKILL);
  const Outcome killed = finish(process);
  EXPECT_NE(killed.code, 0);
  EXPECT_NE(killed.err.find("signal 9"), std::string::npos) << killed.err;
  ASSERT_TRUE(fs::exists(path("model.training")));
  for (const int number : {3, 1}) {
    const std::string threads = number == 1 ? "2" : "1";
    const pid_t resumed = start(mpirun(number, with(command, "--threads", threads) + Arguments{"--resume"}));
    while (contents(path("err")).find("epoch") == std::string::npos && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    kill(resumed, SIGTERM);
    const Outcome outcome = finish(resumed);
    EXPECT_TRUE(fs::exists(path("model.training"))) << outcome.err;
    EXPECT_EQ(outcome.err.find("cannot be resumed"), std::string::npos) << outcome.err;
  }
}

TEST_F(TranslateProcesses, AnErrorInOneProcessEndsAll) {
  const Outcome missing = run(mpirun(2, {"train", "--pairs", path("none.tsv")}));
  EXPECT_NE(missing.code, 0);
  EXPECT_NE(missing.err.find("none.tsv: cannot be opened"), std::string::npos) << missing.err;
  const Outcome other = run(mpirun(2, {"evaluate", "--model", "m", "--pairs", "p"}));
  EXPECT_NE(other.code, 0);
  EXPECT_NE(other.err.find("only translate train can run in several processes"), std::string::npos) << other.err;
}

}  // namespace translate_mpi_test
