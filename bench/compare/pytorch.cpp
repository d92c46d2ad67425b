// Compares heed with PyTorch: recurrent layers, attention steps, and training and search with the translator of
// translation.hpp.

#include "pytorch_attention.hpp"
#include "pytorch_recurrent.hpp"
#include "pytorch_translation.hpp"

#include <ATen/Version.h>
#include <c10/core/InferenceMode.h>
#include <torch/version.h>

#include <string>

int main(int argc, char** argv) {
  compare::wait_shortly(argv);
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
