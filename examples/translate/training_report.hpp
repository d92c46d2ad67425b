#pragma once

#include <string>

namespace examples {

/// Writes a report of the training run in a log of `TrainingLog`: one HTML file that refers to no other file. Throws
/// heed::Error if the log is invalid, or if a file cannot be read or written.
void write_report(const std::string& log, const std::string& report);

}  // namespace examples
