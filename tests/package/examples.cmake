# Each example as somebody takes it who has the package installed: configured by itself; hello is built and its
# test, with GoogleTest, run on one server:
# cmake -DSOURCE=… -DPREFIX=… -DSERVER=… -DCOMPILER=… -DGENERATOR=… -P
cmake_minimum_required(VERSION 3.22)
include(${CMAKE_CURRENT_LIST_DIR}/outside.cmake)

make_outside(outside)
file(GLOB examples ${SOURCE}/examples/*/CMakeLists.txt)
if(NOT examples)
  message(FATAL_ERROR "there are no examples in ${SOURCE}")
endif()
foreach(example IN LISTS examples)
  get_filename_component(directory ${example} DIRECTORY)
  get_filename_component(name ${directory} NAME)
  file(COPY ${directory} DESTINATION ${outside}/examples)
  run(${CMAKE_COMMAND} -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_BUILD_TYPE=Debug
    -DCMAKE_PREFIX_PATH=${PREFIX} "-DREDISMODULE_TEST_SERVERS=${SERVER}" -S ${outside}/examples/${name}
    -B ${outside}/build-${name})
endforeach()
run(${CMAKE_COMMAND} --build ${outside}/build-hello --parallel 2)
expect_files(${outside}/build-hello hello.so hello_test)
if(SERVER)
  run(${CMAKE_CTEST_COMMAND} --test-dir ${outside}/build-hello --no-tests=error --output-on-failure)
endif()
file(REMOVE_RECURSE ${outside})
