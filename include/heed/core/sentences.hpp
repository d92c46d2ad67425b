#pragma once

#include <heed/core/types.hpp>

#include <span>

namespace heed { inline namespace v0_2 {

/// A batch of sentences, in the order given.
using Sentences = std::span<const std::span<const Token>>;

}}  // namespace heed::v0_2
