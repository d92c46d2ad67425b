#pragma once

#include <heed/core/errors.hpp>

#include <string>

/// The message of the error that `call` throws, or "accepted".
template <class Call>
std::string refusal(Call&& call) {
  try {
    call();
  } catch (const heed::Error& error) {
    return error.what();
  }
  return "accepted";
}
