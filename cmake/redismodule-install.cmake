include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/redismodule)
set(installed_targets redismodule redismodule_api redismodule_memory redismodule_memory_system)
if(TARGET redismodule_faults)
  list(APPEND installed_targets redismodule_faults)
endif()
if(TARGET redismodule_testing)
  list(APPEND installed_targets redismodule_testing)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/testing/include/redismodule DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/testing/cmake/ DESTINATION ${package_dir} FILES_MATCHING PATTERN "*.cmake")
endif()

install(TARGETS ${installed_targets} EXPORT redismodule-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/redismodule DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT redismodule-targets NAMESPACE redismodule:: DESTINATION ${package_dir})
install(FILES
  ${PROJECT_SOURCE_DIR}/cmake/redismodule-platform.cmake
  ${PROJECT_SOURCE_DIR}/cmake/redismodule-functions.cmake
  ${PROJECT_SOURCE_DIR}/cmake/redismodule-check.cmake
  ${PROJECT_SOURCE_DIR}/cmake/redismodule-wrapped.txt
  ${PROJECT_SOURCE_DIR}/cmake/redismodule-called.txt
  ${PROJECT_SOURCE_DIR}/cmake/redismodule-forbidden.txt
  ${PROJECT_SOURCE_DIR}/cmake/module-constants.cc.in
  DESTINATION ${package_dir})

set(redismodule_has_testing FALSE)
if(TARGET redismodule_testing)
  set(redismodule_has_testing TRUE)
endif()
configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/redismodule-config.cmake.in ${PROJECT_BINARY_DIR}/redismodule-config.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/redismodule-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/redismodule-config.cmake ${PROJECT_BINARY_DIR}/redismodule-config-version.cmake
  DESTINATION ${package_dir})

include(${PROJECT_SOURCE_DIR}/cmake/redismodule-pkgconfig.cmake)
