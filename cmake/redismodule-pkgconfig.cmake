# What other build systems than CMake link a module with: pkg-config files, and the files that these name. All of it is
# found from where the .pc file is, so that the installed tree can be moved.
set(linking_dir ${CMAKE_INSTALL_LIBDIR}/redismodule)
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
set(made ${PROJECT_BINARY_DIR}/pkgconfig)
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_BINDIR}")
  message(STATUS "redismodule: no pkg-config files, since they would not be found from where they are: "
                 "a directory of the installation is absolute")
  return()
endif()

# What redismodule_add_module() makes for each module, here to be set by -D, or left at the defaults.
function(redismodule_write_constants path)
  set(target "")
  set(has_arena 1)
  set(system 0)
  set(arena_size REDISMODULE_ARENA_SIZE)
  set(accounting REDISMODULE_ACCOUNTING)
  set(waivers "\" REDISMODULE_WAIVERS \"")
  configure_file(${PROJECT_SOURCE_DIR}/cmake/module-constants.cc.in ${path}.body @ONLY)
  file(STRINGS ${path}.body body REGEX "^[^/]")
  list(JOIN body "\n" body)
  file(CONFIGURE OUTPUT ${path} @ONLY CONTENT [[
// Compiled into a module of its own, this replaces the defaults that pkg-config links:
//   -DREDISMODULE_ARENA_SIZE=<bytes>    first size of the bootstrap arena
//   -DREDISMODULE_ACCOUNTING=1          bytes and blocks are counted per scope
//   -DREDISMODULE_WAIVERS='"<names>"'   what redismodule-check was told to let pass
#ifndef REDISMODULE_ARENA_SIZE
#define REDISMODULE_ARENA_SIZE 1048576
#endif
#ifndef REDISMODULE_ACCOUNTING
#define REDISMODULE_ACCOUNTING 0
#endif
#ifndef REDISMODULE_WAIVERS
#define REDISMODULE_WAIVERS ""
#endif
@body@
]])
endfunction()

redismodule_write_constants(${made}/module-constants.cc)
add_library(redismodule_constants STATIC ${made}/module-constants.cc)
set_target_properties(redismodule_constants PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_compile_options(redismodule_constants PRIVATE -fno-lto)
install(TARGETS redismodule_constants ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})

redismodule_write_wrap_options(${made}/wrap.options)
redismodule_write_version_script(${made}/module.version
  RedisModule_OnLoad RedisModule_OnUnload ValkeyModule_OnLoad ValkeyModule_OnUnload)
install(FILES ${made}/module-constants.cc ${made}/wrap.options ${made}/module.version DESTINATION ${linking_dir})

file(RELATIVE_PATH to_prefix /prefix/${pkgconfig_dir} /prefix)
file(RELATIVE_PATH from_bin_to_package /prefix/${CMAKE_INSTALL_BINDIR} /prefix/${package_dir})
configure_file(${PROJECT_SOURCE_DIR}/cmake/redismodule-check.in ${made}/redismodule-check @ONLY)
install(PROGRAMS ${made}/redismodule-check DESTINATION ${CMAKE_INSTALL_BINDIR})

set(packages redismodule redismodule-memory)
if(TARGET redismodule_testing)
  list(APPEND packages redismodule-testing)
endif()
foreach(package IN LISTS packages)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/${package}.pc.in ${made}/${package}.pc @ONLY)
  install(FILES ${made}/${package}.pc DESTINATION ${pkgconfig_dir})
endforeach()
