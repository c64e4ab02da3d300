# The allocator's core without a server and without the operators: over libc's functions, in the place of a server's.
find_package(GTest REQUIRED)
foreach(core account arena backends core displaced probe relocation)
  list(APPEND memory_core_sources ${PROJECT_SOURCE_DIR}/src/memory/${core}.cc)
endforeach()

function(add_memory_test name source)
  add_executable(${name} ${CMAKE_CURRENT_LIST_DIR}/memory/${source}
    ${CMAKE_CURRENT_LIST_DIR}/memory/no_threads.cc ${memory_core_sources})
  redismodule_add_constants(${name} ARENA_SIZE 65536 ${ARGN})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE redismodule::api GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
endfunction()

add_memory_test(arena_test arena_test.cc)
add_memory_test(backends_test backends_test.cc)
# One for each kind of block.
add_memory_test(relocation_test relocation_test.cc)
add_memory_test(relocation_padded_test relocation_test.cc)
target_compile_definitions(relocation_padded_test PRIVATE WITH_PREFIX)
add_memory_test(relocation_counted_test relocation_test.cc ACCOUNTING 1)
add_memory_test(relocation_counted_padded_test relocation_test.cc ACCOUNTING 1)
target_compile_definitions(relocation_counted_padded_test PRIVATE WITH_PREFIX)
