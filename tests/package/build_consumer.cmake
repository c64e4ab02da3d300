# Builds the consumer from outside the project:
# cmake -DMODE=installed|subdirectory -DBUILD=… -DSOURCE=… -DWORK=… -DCOMPILER=… -DLOADER=… -DGENERATOR=… -P
cmake_minimum_required(VERSION 3.22)
file(REMOVE_RECURSE ${WORK})
set(options -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_BUILD_TYPE=Release
  -S ${CMAKE_CURRENT_LIST_DIR}/consumer -B ${WORK}/build)

if(MODE STREQUAL "installed")
  execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
  list(APPEND options -DCMAKE_PREFIX_PATH=${WORK}/prefix -DWITH_TESTING=ON)
else()
  list(APPEND options -DREDISMODULE_SOURCE=${SOURCE})
endif()

execute_process(COMMAND ${CMAKE_COMMAND} ${options} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${WORK}/build COMMAND_ERROR_IS_FATAL ANY)
foreach(module multiply own_onload plain_memory)
  foreach(file ${module}.so ${module}.so.debug)
    if(NOT EXISTS ${WORK}/build/${file})
      message(FATAL_ERROR "${file} was not built")
    endif()
  endforeach()
endforeach()
foreach(module own_onload plain_memory)
  execute_process(COMMAND ${LOADER} ${WORK}/build/${module}.so COMMAND_ERROR_IS_FATAL ANY)
endforeach()

execute_process(COMMAND ${CMAKE_COMMAND} --build ${WORK}/build --target refused RESULT_VARIABLE status OUTPUT_VARIABLE output)
if(status EQUAL 0 OR NOT output MATCHES "__libc_malloc: ")
  message(FATAL_ERROR "the module that the check has to refuse was not refused:\n${output}")
endif()

# Nothing installed may point back to where it was made.
file(GLOB_RECURSE installed ${WORK}/prefix/*.cmake)
foreach(file IN LISTS installed)
  file(STRINGS ${file} lines)
  foreach(line IN LISTS lines)
    string(FIND "${line}" "${SOURCE}/" found)
    if(NOT found EQUAL -1)
      message(FATAL_ERROR "${file} names the source tree: ${line}")
    endif()
  endforeach()
endforeach()
