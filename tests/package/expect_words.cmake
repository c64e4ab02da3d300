# On a platform that is not supported the build must stop in words:
# cmake -DSOURCE=… -DWORK=… -DSYSTEM=… -DPROCESSOR=… -DWORDS=… -DCOMPILER=… -DGENERATOR=… -P
cmake_minimum_required(VERSION 3.22)
file(REMOVE_RECURSE ${WORK})
execute_process(COMMAND ${CMAKE_COMMAND} -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_SYSTEM_NAME=${SYSTEM}
                        -DCMAKE_SYSTEM_PROCESSOR=${PROCESSOR} -S ${SOURCE} -B ${WORK}
                RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
string(REGEX REPLACE "[ \n]+" " " output "${output}")
string(FIND "${output}" "${WORDS}" found)
if(status EQUAL 0 OR found EQUAL -1)
  message(FATAL_ERROR "expected a refusal with '${WORDS}', got:\n${output}")
endif()
