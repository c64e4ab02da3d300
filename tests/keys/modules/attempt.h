// What a use of a view comes to: its answer, or what it throws where the key has become something else.
#pragma once

#include <string>

#include "redismodule/redismodule.h"

template <class F>
std::string attempt(F&& f) {
  try {
    return f();
  } catch (const redismodule::wrong_type&) {
    return "WRONGTYPE";
  } catch (const redismodule::bad_result_access& refused) {
    return std::string{refused.what()};
  }
}
