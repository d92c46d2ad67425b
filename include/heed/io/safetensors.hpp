#pragma once

/// Reading and writing safetensors files. Needs nlohmann_json, which the CMake component heed::io provides.

#include <heed/io/safetensors_reader.hpp>
#include <heed/io/safetensors_writer.hpp>
