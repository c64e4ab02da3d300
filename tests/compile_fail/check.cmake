# cmake -DCOMPILER=… -DSOURCE=… -DINCLUDE=… -DHEADER=… -P check.cmake
#
# A source file with a mistake in it: without the mistake it compiles, with it the compiler says what the file's first
# line expects. A second line may add to the compiler's options.
cmake_minimum_required(VERSION 3.22)

function(compile result output)
  execute_process(COMMAND ${COMPILER} -std=c++20 -fsyntax-only -Wall -Wextra -Werror -I${INCLUDE} ${options} ${ARGN}
                          ${SOURCE}
                  RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE text)
  set(${result} ${status} PARENT_SCOPE)
  set(${output} "${text}" PARENT_SCOPE)
endfunction()

file(STRINGS ${SOURCE} first_line LIMIT_COUNT 1)
string(REGEX REPLACE "^// Expected: " "" expected "${first_line}")
if(NOT expected OR expected STREQUAL first_line)
  message(FATAL_ERROR "${SOURCE}: its first line says what is expected: // Expected: …")
endif()

file(STRINGS ${SOURCE} options REGEX "^// Options: ")
string(REGEX REPLACE "^// Options: " "" options "${options}")
separate_arguments(options)
# Compiled headers are good for the options that they were compiled with.
if(NOT options AND EXISTS ${HEADER}.gch)
  list(APPEND options -include ${HEADER})
endif()

compile(status output)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${SOURCE} does not compile without its mistake:\n${output}")
endif()
compile(status output -DMISTAKE)
if(status EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiles with its mistake")
endif()
string(FIND "${output}" "${expected}" at)
if(at EQUAL -1)
  message(FATAL_ERROR "${SOURCE}: the compiler does not say '${expected}' but:\n${output}")
endif()
