# Builds and tests the consumer by make and pkg-config, from the installed tree alone:
# cmake -DPREFIX=… -DSERVER=… -DCOMPILER=… -DLOADER=… -P
cmake_minimum_required(VERSION 3.22)
include(${CMAKE_CURRENT_LIST_DIR}/outside.cmake)

file(GLOB_RECURSE found ${PREFIX}/*/redismodule.pc)
get_filename_component(packages "${found}" DIRECTORY)
make_outside(outside)
set(make ${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${packages} make -C ${outside}/consumer CXX=${COMPILER})

run(${make} -j2)
expect_files(${outside}/consumer multiply.so own_onload.so)
run(${LOADER} ${outside}/consumer/own_onload.so)
expect_refusal(${make} refused.so)
if(EXISTS ${outside}/consumer/refused.so)
  message(FATAL_ERROR "the refused module was left there")
endif()
test_in_server(${outside}/consumer)

# What was compiled in beside the defaults has taken their place: an arena of 64 KiB, not of 1 MiB.
execute_process(COMMAND readelf --syms -W ${outside}/consumer/own_onload.so OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
if(NOT symbols MATCHES " 65536 OBJECT [^\n]*redismodule_arena\n")
  message(FATAL_ERROR "the arena of own_onload.so is not of the size that was asked for")
endif()
file(REMOVE_RECURSE ${outside})
