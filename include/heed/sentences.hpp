#pragma once

#include <heed/types.hpp>

#include <span>

namespace heed::inline v0_1 {

/// A batch of sentences, in the order given.
using Sentences = std::span<const std::span<const Token>>;

}  // namespace heed::inline v0_1
