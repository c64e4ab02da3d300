include_guard(GLOBAL)

# Tests of modules, each run once on every server there is to test with.
set(REDISMODULE_TEST_SERVERS "$ENV{REDISMODULE_TEST_SERVERS}" CACHE STRING
  "Servers to test with: a list of programs, or of directories that hold a redis-server or a valkey-server")

# What a server is called in the name of a test: `redis-7.0.15`, and `redis-8.0.6-libc` where its directory says more.
function(_redismodule_server_name server result)
  set(name "")
  if(EXISTS "${server}/version")
    file(REAL_PATH "${server}" tree)
    get_filename_component(name "${tree}" NAME)
  endif()
  if(NOT name)
    get_filename_component(name "${server}" NAME)
  endif()
  set(${result} "${name}" PARENT_SCOPE)
endfunction()

# Servers of one name in different directories are told apart by a number: `redis-server`, `redis-server-2`.
function(_redismodule_unique_name name taken result)
  set(unique "${name}")
  set(number 1)
  while(unique IN_LIST taken)
    math(EXPR number "${number} + 1")
    set(unique "${name}-${number}")
  endwhile()
  set(${result} "${unique}" PARENT_SCOPE)
endfunction()

function(_redismodule_register_server_test name target server server_name)
  set(test "${name}@${server_name}")
  if(EXISTS "${server}")
    add_test(NAME "${test}" COMMAND ${target})
    set_property(TEST "${test}" PROPERTY ENVIRONMENT "REDISMODULE_TEST_SERVER=${server}")
  else()
    add_test(NAME "${test}"
      COMMAND ${CMAKE_COMMAND} "-DSERVER=${server}" -P "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/missing-server.cmake")
  endif()
  set_property(TEST "${test}" PROPERTY LABELS server "${server_name}")
  set_property(TEST "${test}" PROPERTY TIMEOUT 300)
endfunction()

# redismodule_run_on_servers(<name> <target>)
#
# For every server of REDISMODULE_TEST_SERVERS the test `<name>@<server>`, which runs that program there. A server that
# is not there is a test that fails and says so. Without any server named the one test is `<name>`, on the server in
# PATH.
function(redismodule_run_on_servers name target)
  set(taken "")
  foreach(server IN LISTS REDISMODULE_TEST_SERVERS)
    _redismodule_server_name("${server}" server_name)
    _redismodule_unique_name("${server_name}" "${taken}" server_name)
    list(APPEND taken "${server_name}")
    _redismodule_register_server_test(${name} ${target} "${server}" "${server_name}")
  endforeach()
  if(NOT REDISMODULE_TEST_SERVERS)
    add_test(NAME ${name} COMMAND ${target})
    set_tests_properties(${name} PROPERTIES LABELS server TIMEOUT 300)
  endif()
endfunction()

# The libraries of a test framework, `main()` included, and what the program has to be compiled with besides.
function(_redismodule_use_framework target framework)
  if(framework STREQUAL "GoogleTest")
    find_package(GTest REQUIRED)
    target_link_libraries(${target} PRIVATE GTest::gtest_main)
  elseif(framework STREQUAL "Catch2")
    find_package(Catch2 REQUIRED)
    if(TARGET Catch2::Catch2WithMain)
      target_link_libraries(${target} PRIVATE Catch2::Catch2WithMain)
    else()
      _redismodule_add_main(${target} "#define CATCH_CONFIG_MAIN\n#include <catch2/catch.hpp>\n")
      target_link_libraries(${target} PRIVATE Catch2::Catch2)
    endif()
  elseif(framework STREQUAL "doctest")
    find_package(doctest REQUIRED)
    _redismodule_add_main(${target} "#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN\n#include <doctest/doctest.h>\n")
    target_link_libraries(${target} PRIVATE doctest::doctest)
  elseif(NOT framework STREQUAL "none")
    message(FATAL_ERROR "FRAMEWORK is GoogleTest, Catch2, doctest or none, not '${framework}'")
  endif()
endfunction()

function(_redismodule_add_main target text)
  set(file ${CMAKE_CURRENT_BINARY_DIR}/${target}_main.cc)
  file(CONFIGURE OUTPUT ${file} CONTENT "${text}" @ONLY)
  target_sources(${target} PRIVATE ${file})
endfunction()

# redismodule_add_server_test(<name> SOURCES <file>... [MODULES <target>...] [LIBRARIES <target>...]
#                             [FRAMEWORK GoogleTest|Catch2|doctest|none])
#
# A test program, run on every server. A module's path is the macro <TARGET>_MODULE in the sources (`hello` gives
# HELLO_MODULE). The framework, GoogleTest unless told otherwise, is looked for with find_package and brings main(); with
# `none`, the sources have one, and whatever else they need is in LIBRARIES.
function(redismodule_add_server_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "FRAMEWORK" "SOURCES;MODULES;LIBRARIES")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "redismodule_add_server_test(${name}): wants SOURCES, and no '${arg_UNPARSED_ARGUMENTS}'")
  endif()
  if(NOT arg_FRAMEWORK)
    set(arg_FRAMEWORK GoogleTest)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE redismodule::testing ${arg_LIBRARIES})
  _redismodule_use_framework(${name} ${arg_FRAMEWORK})
  foreach(module IN LISTS arg_MODULES)
    string(TOUPPER "${module}" macro)
    string(MAKE_C_IDENTIFIER "${macro}" macro)
    target_compile_definitions(${name} PRIVATE "${macro}_MODULE=\"$<TARGET_FILE:${module}>\"")
    add_dependencies(${name} ${module})
  endforeach()
  redismodule_run_on_servers(${name} ${name})
endfunction()
