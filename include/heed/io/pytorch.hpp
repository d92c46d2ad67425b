#pragma once

/// Models from PyTorch and back to it (docs/pytorch.md). Needs nlohmann_json, which the CMake component heed::io brings.

#include <heed/io/pytorch_state_dict.hpp>
#include <heed/io/pytorch_test_vector.hpp>
