# Builds and tests the consumer by CMake:
# cmake -DFORM=find_package|add_subdirectory|fetch_content -DSOURCE=… -DPREFIX=… -DSERVER=… -DCOMPILER=… -DGENERATOR=…
#       -DLOADER=… -P
cmake_minimum_required(VERSION 3.22)
include(${CMAKE_CURRENT_LIST_DIR}/outside.cmake)

# The sources as they are, committed or not, without their history and what was built or fetched for them.
function(make_repository path)
  file(GLOB entries ${SOURCE}/*)
  list(FILTER entries EXCLUDE REGEX "/(build[^/]*|\\.git|\\.cache)$")
  file(COPY ${entries} DESTINATION ${path})
  set(git git -C ${path} -c user.name=consumer -c user.email=consumer@localhost)
  run(git init -q -b main ${path})
  run(${git} add .)
  run(${git} commit -q -m "The library")
endfunction()

make_outside(outside "/of somebody")
set(options -DCMAKE_PREFIX_PATH=${PREFIX})
set(build_type Release)
if(NOT FORM STREQUAL "find_package")
  set(build_type Debug)  # the library is built anew, and this is quicker
endif()
if(FORM STREQUAL "add_subdirectory")
  set(options -DREDISMODULE_SOURCE=${SOURCE})
elseif(FORM STREQUAL "fetch_content")
  make_repository(${outside}/library)
  set(options -DREDISMODULE_REPOSITORY=file://${outside}/library)
endif()

# On the same server twice, under two names; and on one that is not there. GoogleTest is not asked for, so it may be missing.
set(build ${outside}/build)
run(${CMAKE_COMMAND} -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_BUILD_TYPE=${build_type}
  -DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON "-DREDISMODULE_TEST_SERVERS=${SERVER}\\;${SERVER}\\;/nowhere/server"
  ${options} -S ${outside}/consumer -B ${build})
# A subdirectory is what FetchContent makes of the library, so its kit need not be built and tried once more.
set(targets multiply own_onload)
if(NOT FORM STREQUAL "add_subdirectory")
  list(APPEND targets uses_testing server_test own_framework_test)
endif()
if(FORM STREQUAL "find_package")
  list(APPEND targets plain_memory)
endif()
run(${CMAKE_COMMAND} --build ${build} --parallel 2 --target ${targets})

expect_files(${build} multiply.so multiply.so.debug own_onload.so own_onload.so.debug)
run(${LOADER} ${build}/own_onload.so)
expect_refusal(${CMAKE_COMMAND} --build ${build} --target refused)
if(NOT FORM STREQUAL "add_subdirectory")
  test_in_server(${build})
  if(SERVER)
    test_by_ctest(${build})
  endif()
endif()
if(FORM STREQUAL "find_package")
  run(${LOADER} ${build}/plain_memory.so)
endif()
get_filename_component(outside ${outside} DIRECTORY)
file(REMOVE_RECURSE ${outside})
