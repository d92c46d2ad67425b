#pragma once

/// Import of models from PyTorch and export to PyTorch (docs/pytorch.md). Needs nlohmann_json, which the CMake
/// component heed::io provides.

#include <heed/io/pytorch_state_dict.hpp>
#include <heed/io/pytorch_test_vector.hpp>
