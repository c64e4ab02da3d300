# The allocator's core without a server and without the operators: over libc's functions, in the place of a server's.
find_package(GTest REQUIRED)
foreach(core account arena backends core displaced probe)
  list(APPEND memory_core_sources ${PROJECT_SOURCE_DIR}/src/memory/${core}.cc)
endforeach()

foreach(name arena_test backends_test)
  add_executable(${name} ${CMAKE_CURRENT_LIST_DIR}/memory/${name}.cc
    ${CMAKE_CURRENT_LIST_DIR}/memory/no_threads.cc ${memory_core_sources})
  redismodule_add_constants(${name} ARENA_SIZE 65536)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE redismodule::api GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
endforeach()
