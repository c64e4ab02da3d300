# The redirected hand-out functions, without the allocator they stand on in a module: the test brings a counting one.
find_package(GTest REQUIRED)
file(GLOB handout_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/memory/libc_*.cc)
add_executable(libc_handout_test ${CMAKE_CURRENT_LIST_DIR}/libc_handout_test.cc ${handout_sources})
target_compile_features(libc_handout_test PRIVATE cxx_std_20)
target_link_libraries(libc_handout_test PRIVATE GTest::gtest_main ${CMAKE_DL_LIBS})
redismodule_redirect_allocations(libc_handout_test)
add_test(NAME libc_handout_test COMMAND libc_handout_test)
