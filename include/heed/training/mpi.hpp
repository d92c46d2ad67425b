#pragma once

#include <heed/training/communicator.hpp>

#include <mpi.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <type_traits>

namespace heed { inline namespace v0_2 {

/// A `Communicator` over MPI. Construct it after MPI_Init. Needs an MPI library (CMake target `heed::mpi`). If a
/// process ends without MPI_Finalize, MPI ends the others; after an exception, call MPI_Abort.
class MpiCommunicator {
 public:
  explicit MpiCommunicator(MPI_Comm communicator = MPI_COMM_WORLD) : communicator_(communicator) {
    MPI_Comm_rank(communicator_, &rank_);
    MPI_Comm_size(communicator_, &size_);
  }

  int rank() const { return rank_; }
  int size() const { return size_; }

  template <class S>
  void all_sum(std::span<S> x) const {
    for_each_part(
        x, [&](S* data, int count) { MPI_Allreduce(MPI_IN_PLACE, data, count, type_of<S>(), MPI_SUM, communicator_); });
  }

  template <class S>
  void broadcast(std::span<S> x) const {
    for_each_part(x, [&](S* data, int count) { MPI_Bcast(data, count, type_of<S>(), 0, communicator_); });
  }

 private:
  template <class S>
  static MPI_Datatype type_of() {
    static_assert(std::is_same_v<S, float> || std::is_same_v<S, double>, "MpiCommunicator sends float and double");
    return std::is_same_v<S, float> ? MPI_FLOAT : MPI_DOUBLE;
  }

  /// Calls send(data, count) for parts of x. MPI counts elements with an int.
  template <class S, class Send>
  static void for_each_part(std::span<S> x, const Send& send) {
    constexpr std::size_t most = std::numeric_limits<int>::max();
    for (std::size_t begin = 0; begin < x.size(); begin += most) {
      send(x.data() + begin, static_cast<int>(std::min(most, x.size() - begin)));
    }
  }

  MPI_Comm communicator_;
  int rank_ = 0, size_ = 1;
};

}}  // namespace heed::v0_2
