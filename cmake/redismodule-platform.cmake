# The way a module is linked here is GNU ELF's: version scripts, --wrap, GNU_UNIQUE, TLS destructors of glibc's and musl's
# kind. On any other platform a module would build and then be wrong in silence, so the build stops in words.
include_guard(GLOBAL)

function(redismodule_check_platform)
  if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
    message(FATAL_ERROR "redismodule: modules are linked by GNU ELF rules, so only Linux is supported "
                        "(this build is for ${CMAKE_SYSTEM_NAME}).")
  endif()
  if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64|aarch64|arm64)$")
    message(FATAL_ERROR "redismodule: only x86-64 and arm64 are supported "
                        "(this build is for ${CMAKE_SYSTEM_PROCESSOR}).")
  endif()
  if(NOT CMAKE_SIZEOF_VOID_P EQUAL 8)
    message(FATAL_ERROR "redismodule: only 64-bit builds are supported (pointers have ${CMAKE_SIZEOF_VOID_P} bytes here).")
  endif()
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "^(GNU|Clang)$")
    message(FATAL_ERROR "redismodule: g++ 12 or later or clang 14 or later is needed "
                        "(this build uses ${CMAKE_CXX_COMPILER_ID}).")
  endif()
  if((CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12) OR
     (CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14))
    message(FATAL_ERROR "redismodule: g++ 12 or later or clang 14 or later is needed "
                        "(this is ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}).")
  endif()
endfunction()

redismodule_check_platform()
