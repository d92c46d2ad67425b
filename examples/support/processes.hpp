#pragma once

#include <heed/training/communicator.hpp>

#ifdef HEED_WITH_MPI
#include <heed/training/mpi.hpp>
#endif

#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>
#include <span>
#include <streambuf>

namespace examples {

/// The processes of this run: those that mpirun started, if the program is compiled with HEED_WITH_MPI; otherwise one.
class Processes {
 public:
  Processes() {
#ifdef HEED_WITH_MPI
    int initialized = 0;
    MPI_Initialized(&initialized);
    if (initialized != 0) mpi_.emplace();
#endif
  }

  int rank() const {
#ifdef HEED_WITH_MPI
    if (mpi_) return mpi_->rank();
#endif
    return 0;
  }
  int size() const {
#ifdef HEED_WITH_MPI
    if (mpi_) return mpi_->size();
#endif
    return 1;
  }
  template <class S>
  void all_sum([[maybe_unused]] std::span<S> x) const {
#ifdef HEED_WITH_MPI
    if (mpi_) mpi_->all_sum(x);
#endif
  }
  template <class S>
  void broadcast([[maybe_unused]] std::span<S> x) const {
#ifdef HEED_WITH_MPI
    if (mpi_) mpi_->broadcast(x);
#endif
  }

  /// True for the process that writes files and reports progress.
  bool is_main() const { return rank() == 0; }

  /// True in all processes if it is true in one of them.
  bool any(bool value) const {
    double count = value ? 1 : 0;
    all_sum(std::span(&count, 1));
    return count > 0;
  }

 private:
#ifdef HEED_WITH_MPI
  std::optional<heed::MpiCommunicator> mpi_;
#endif
};

/// Connects the processes that mpirun started, from its construction to its destruction. Only the main process writes
/// to standard output.
class ProcessScope {
 public:
  ProcessScope() {
#ifdef HEED_WITH_MPI
    for (const char* const variable : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "MPI_LOCALNRANKS"}) {
      if (started_ || std::getenv(variable) == nullptr) continue;
      int provided = 0;
      MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
      started_ = true;
    }
    if (!Processes().is_main()) output_ = std::cout.rdbuf(nullptr);
#endif
  }
  ProcessScope(const ProcessScope&) = delete;
  ProcessScope& operator=(const ProcessScope&) = delete;
  ~ProcessScope() {
#ifdef HEED_WITH_MPI
    if (output_ != nullptr) std::cout.rdbuf(output_);
    if (started_) MPI_Finalize();
#endif
  }

  /// Returns body(). If it throws and there are other processes, prints the error and ends all of them: they would wait
  /// for this one.
  template <class Body>
  int run([[maybe_unused]] const char* program, const Body& body) const {
#ifdef HEED_WITH_MPI
    const Processes processes;
    if (processes.size() > 1) {
      try {
        return body();
      } catch (const std::exception& error) {
        std::cerr << program << ": process " << processes.rank() << ": " << error.what() << std::endl;
        MPI_Abort(MPI_COMM_WORLD, 1);
      }
    }
#endif
    return body();
  }

#ifdef HEED_WITH_MPI
 private:
  bool started_ = false;
  std::streambuf* output_ = nullptr;
#endif
};

}  // namespace examples
