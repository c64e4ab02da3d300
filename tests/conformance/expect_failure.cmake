# cmake -DPYTHON=… -DRUNNER=… -DTWINS=<folder> -DWRONG_TWINS=<folder> -DSERVER=… -DWRONG=<suite> -DRIGHT=<suite>
#       -P expect_failure.cmake
# Passes if of these two suites the first is found not to be as it should be, and nothing else.
execute_process(COMMAND ${PYTHON} ${RUNNER} --twins ${TWINS} --twins ${WRONG_TWINS}
  --suite ${WRONG} --suite ${RIGHT} ${SERVER}
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
message("${output}")
if(NOT status EQUAL 1)
  message(FATAL_ERROR "The runner's exit status is ${status}, not 1.")
endif()
if(NOT output MATCHES "\nnot as with the C modules: [^ ,\n]+ ${WRONG}\n$")
  message(FATAL_ERROR "The runner does not name the suite ${WRONG}, or not it alone.")
endif()
if(NOT output MATCHES "${RIGHT} +[1-9][0-9]* passed   0 failed   0 skipped")
  message(FATAL_ERROR "The suite ${RIGHT} has not passed.")
endif()
