// Compares heed with PyTorch: recurrent layers, attention steps, and training and search with the translator of
// translation.hpp.

#include "pytorch_attention.hpp"
#include "pytorch_recurrent.hpp"
#include "pytorch_translation.hpp"

#include <ATen/Version.h>
#include <c10/core/InferenceMode.h>
#include <torch/version.h>

#ifdef __linux__
#include <unistd.h>
#endif

#include <cstdlib>
#include <string>

namespace {

/// Restarts the program with an environment in which idle OpenMP threads spin for at most half a millisecond. This does
/// not slow down PyTorch. By default they spin much longer, on a core that heed needs. A restart is necessary because
/// OpenMP reads its environment before main starts. Does nothing if the user has set the variables.
void wait_shortly([[maybe_unused]] char** argv) {
#ifdef __linux__
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  setenv("GOMP_SPINCOUNT", "10000", 1);
  execv("/proc/self/exe", argv);
#endif
}

}  // namespace

int main(int argc, char** argv) {
  wait_shortly(argv);
  at::set_num_threads(1);
  const std::string version = std::string(TORCH_VERSION) + " (" + at::get_cpu_capability() + ')';
  return compare::run(argc, argv, {{"pytorch", version}}, [](compare::Comparison& comparison) {
    {
      const c10::InferenceMode inference;
      compare::add_pytorch_recurrent(comparison);
      compare::add_pytorch_attention(comparison);
      compare::add_pytorch_search(comparison);
    }
    compare::add_pytorch_training(comparison);
  });
}
