# What every way in has to show. Included with SOURCE, SERVER and LOADER set.

# make_outside(<result> [<below>]): a copy of the consumer in a directory that has nothing to do with the project.
function(make_outside result)
  execute_process(COMMAND mktemp -d OUTPUT_VARIABLE outside OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  string(APPEND outside "${ARGN}")
  file(COPY ${CMAKE_CURRENT_LIST_DIR}/consumer DESTINATION ${outside})
  set(${result} ${outside} PARENT_SCOPE)
endfunction()

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(expect_files folder)
  foreach(file IN LISTS ARGN)
    if(NOT EXISTS ${folder}/${file})
      message(FATAL_ERROR "${file} was not built")
    endif()
  endforeach()
endfunction()

function(expect_refusal)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(status EQUAL 0 OR NOT output MATCHES "__libc_malloc: ")
    message(FATAL_ERROR "the module that the check has to refuse was not refused:\n${output}")
  endif()
endfunction()

# The consumer's own test, and that it can fail: on a module without the command.
function(test_in_server folder)
  set(test ${CMAKE_COMMAND} -E env REDISMODULE_TEST_SERVER=${SERVER} ${folder}/uses_testing)
  run(${test} ${folder}/multiply.so)
  execute_process(COMMAND ${test} ${folder}/own_onload.so RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
  if(status EQUAL 0)
    message(FATAL_ERROR "the consumer's test passed on a module without its command")
  endif()
endfunction()

# What redismodule_add_server_test() made: each server's test passes, and that without a server fails in words.
function(test_by_ctest build)
  set(ctest ${CMAKE_CTEST_COMMAND} --test-dir ${build} --no-tests=error --output-on-failure)
  execute_process(COMMAND ${ctest} -E @server$ RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0 OR NOT output MATCHES "tests passed, 0 tests failed out of 4")
    message(FATAL_ERROR "the consumer's four tests under CTest did not pass:\n${output}")
  endif()
  execute_process(COMMAND ${ctest} -R @server$ RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(status EQUAL 0 OR NOT output MATCHES "There is no server at /nowhere/server")
    message(FATAL_ERROR "a missing server was not told of:\n${output}")
  endif()
endfunction()
