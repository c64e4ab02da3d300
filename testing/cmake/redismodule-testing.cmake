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

function(_redismodule_register_server_test name target server)
  _redismodule_server_name("${server}" server_name)
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
  foreach(server IN LISTS REDISMODULE_TEST_SERVERS)
    _redismodule_register_server_test(${name} ${target} "${server}")
  endforeach()
  if(NOT REDISMODULE_TEST_SERVERS)
    add_test(NAME ${name} COMMAND ${target})
  endif()
endfunction()

# redismodule_add_server_test(<name> SOURCES <file>... [MODULES <target>...] [LIBRARIES <target>...])
#
# A GoogleTest program, run on every server. A module's path is the macro <TARGET>_MODULE in the sources (`hello` gives
# HELLO_MODULE).
function(redismodule_add_server_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;MODULES;LIBRARIES")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "redismodule_add_server_test(${name}): wants SOURCES, and no '${arg_UNPARSED_ARGUMENTS}'")
  endif()
  find_package(GTest REQUIRED)
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE redismodule::testing GTest::gtest_main ${arg_LIBRARIES})
  foreach(module IN LISTS arg_MODULES)
    string(TOUPPER "${module}" macro)
    string(MAKE_C_IDENTIFIER "${macro}" macro)
    target_compile_definitions(${name} PRIVATE "${macro}_MODULE=\"$<TARGET_FILE:${module}>\"")
    add_dependencies(${name} ${module})
  endforeach()
  redismodule_run_on_servers(${name} ${name})
endfunction()
