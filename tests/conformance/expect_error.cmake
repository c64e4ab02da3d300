# cmake -DPYTHON=… -DRUNNER=… -DMODULE=<file> -DFOLDER=<folder to be made> -P expect_error.cmake
# Passes if the runner refuses a module whose name no suite loads, instead of running nothing.
file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER})
configure_file(${MODULE} ${FOLDER}/stray_of_ours.so COPYONLY)
execute_process(COMMAND ${PYTHON} ${RUNNER} --twins ${FOLDER} redis@bookworm
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
message("${output}")
if(NOT status EQUAL 2 OR NOT output MATCHES "replaces nothing: no suite loads stray_of_ours.so")
  message(FATAL_ERROR "The runner's exit status is ${status}, and it should be 2, with the module's name.")
endif()
