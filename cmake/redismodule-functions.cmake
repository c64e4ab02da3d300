# redismodule_add_module(<target> <source>…
#                        [ALLOCATOR_ONLY] [SYSTEM_ALLOCATOR] [ACCOUNTING] [STATIC] [FAULTS]
#                        [ARENA_SIZE <bytes>] [WAIVE <symbol>…] [SYMBOLS <symbol>…])
#
# Makes the module <target>.so (and <target>.so.debug with its debug symbols) and checks it after linking: a module that
# the check refuses is deleted, and the build fails with the names of the offenders.
#   ALLOCATOR_ONLY    the module keeps its own OnLoad: it gets redismodule::memory and nothing above it
#   SYSTEM_ALLOCATOR  memory comes from the process's allocator (for sanitizer builds): nothing is replaced or redirected
#   ACCOUNTING        bytes and blocks are counted per scope
#   STATIC            <target>.o to link into a Valkey server, with ValkeyModule_OnLoad_<target> and _OnUnload_<target>
#                     as its only names; it uses the process's operators and malloc as they are
#   FAULTS            for tests: the server's functions can be made to fail, from a test or by a load argument
#                     (docs/testing-faults.md); adds the command <module>.fault
#   ARENA_SIZE        first size of the bootstrap arena, 1 MiB if not given
#   WAIVE             symbols that the check lets pass; recorded in the module
#   SYMBOLS           further names that the module exports
#
# redismodule_redirect_allocations(<target>): the redirections alone, for any other kind of target.
include_guard(GLOBAL)

include(${CMAKE_CURRENT_LIST_DIR}/redismodule-platform.cmake)
set(REDISMODULE_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR} CACHE INTERNAL "")
# Those of the toolchain, where it is one for another machine.
if(CMAKE_CROSSCOMPILING)
  set(_redismodule_readelf ${CMAKE_READELF})
  set(_redismodule_objcopy ${CMAKE_OBJCOPY})
endif()
find_program(REDISMODULE_READELF NAMES ${_redismodule_readelf} readelf REQUIRED
  DOC "binutils' readelf, for the check after linking")
find_program(REDISMODULE_OBJCOPY NAMES ${_redismodule_objcopy} objcopy REQUIRED
  DOC "binutils' objcopy, for debug symbols and static modules")

# What the flags of this directory have checked at run time: "address,undefined", "thread", or nothing.
function(redismodule_find_sanitizers result)
  string(TOUPPER "${CMAKE_BUILD_TYPE}" config)
  get_directory_property(options COMPILE_OPTIONS)
  string(REGEX MATCHALL "-fsanitize=[a-z,]+" found "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${config}} ${options}")
  list(TRANSFORM found REPLACE "^-fsanitize=" "")
  list(JOIN found "," sanitizers)
  set(${result} "${sanitizers}" PARENT_SCOPE)
endfunction()

# The options go into a file beside the module: a hundred of them would hide all others on the command line.
function(redismodule_write_wrap_options path)
  set(list ${REDISMODULE_CMAKE_DIR}/redismodule-wrapped.txt)
  file(STRINGS ${list} names REGEX "^[A-Za-z_]")
  list(TRANSFORM names PREPEND "-Wl,--wrap=")
  list(JOIN names "\n" text)
  file(CONFIGURE OUTPUT ${path} CONTENT "${text}\n" @ONLY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${list})
endfunction()

function(redismodule_redirect_allocations target)
  set(options ${CMAKE_CURRENT_BINARY_DIR}/redismodule/wrap.options)
  redismodule_write_wrap_options(${options})
  target_link_options(${target} PRIVATE "@${options}")
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${options})
endfunction()

function(redismodule_add_constants target)
  cmake_parse_arguments(arg "" "ARENA_SIZE;ACCOUNTING;SYSTEM" "WAIVE" ${ARGN})
  set(arena_size ${arg_ARENA_SIZE})
  set(accounting 0)
  set(system 0)
  set(has_arena 1)
  if(arg_ACCOUNTING)
    set(accounting 1)
  endif()
  if(arg_SYSTEM)
    set(system 1)
    set(has_arena 0)
  endif()
  list(JOIN arg_WAIVE " " waivers)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/redismodule/${target}_constants.cc)
  configure_file(${REDISMODULE_CMAKE_DIR}/module-constants.cc.in ${source} @ONLY)
  # The memory library is never LTO, and reads these by name.
  set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "-fno-lto" SKIP_UNITY_BUILD_INCLUSION ON)
  target_sources(${target} PRIVATE ${source})
endfunction()

# Sources that define OnLoad themselves were seldom written for hidden visibility: there the version script alone hides.
function(redismodule_set_compile_options target)
  cmake_parse_arguments(arg "OWN_ENTRY_POINTS" "" "" ${ARGN})
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  if(NOT arg_OWN_ENTRY_POINTS)
    set_target_properties(${target} PROPERTIES
      C_VISIBILITY_PRESET hidden
      CXX_VISIBILITY_PRESET hidden
      VISIBILITY_INLINES_HIDDEN ON)
  endif()
  target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-fno-gnu-unique>)
endfunction()

# A glob such as [R]edisModule_OnLoad matches one name, and unlike a plain name may match none: some linkers make that an
# error, and no module has all four entry points.
function(redismodule_write_version_script path)
  set(lines "")
  foreach(name IN LISTS ARGN)
    string(SUBSTRING ${name} 0 1 first)
    string(SUBSTRING ${name} 1 -1 rest)
    string(APPEND lines "    [${first}]${rest};\n")
  endforeach()
  file(CONFIGURE OUTPUT ${path} CONTENT "{\n  global:\n${lines}  local:\n    *;\n};\n" @ONLY)
endfunction()

function(redismodule_check_after_linking target)
  cmake_parse_arguments(arg "" "KIND;MAP" "ALLOWED;WAIVE" ${ARGN})
  set(script ${REDISMODULE_CMAKE_DIR}/redismodule-check.cmake)
  string(REPLACE ";" "," allowed "${arg_ALLOWED}")
  string(REPLACE ";" "," waived "${arg_WAIVE}")
  add_custom_command(TARGET ${target} POST_BUILD VERBATIM
    COMMAND ${CMAKE_COMMAND} -DMODULE=$<TARGET_FILE:${target}> -DKIND=${arg_KIND} -DALLOWED=${allowed} -DWAIVED=${waived}
            -DMAP=${arg_MAP} -DREADELF=${REDISMODULE_READELF} -P ${script}
    COMMENT "Checking ${target}")
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${script}
    ${REDISMODULE_CMAKE_DIR}/redismodule-wrapped.txt
    ${REDISMODULE_CMAKE_DIR}/redismodule-called.txt
    ${REDISMODULE_CMAKE_DIR}/redismodule-forbidden.txt)
endfunction()

# The symbol table stays in the module, so that addresses of a crash can be turned into names where it ran.
function(redismodule_split_debug_symbols target)
  set(module $<TARGET_FILE:${target}>)
  add_custom_command(TARGET ${target} POST_BUILD VERBATIM
    COMMAND ${REDISMODULE_OBJCOPY} --only-keep-debug ${module} ${module}.debug
    COMMAND ${REDISMODULE_OBJCOPY} --strip-debug --remove-section=.gnu_debuglink ${module}
    COMMAND ${REDISMODULE_OBJCOPY} --add-gnu-debuglink=${module}.debug ${module})
endfunction()

function(redismodule_link_memory target)
  # Whole, so that the operators and every wrapper are there whatever the order of archives and whatever LTO has not seen yet.
  target_link_libraries(${target} PRIVATE
    "-Wl,--whole-archive,\"$<TARGET_FILE:redismodule::memory>\",--no-whole-archive" redismodule::api ${CMAKE_DL_LIBS})
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS $<TARGET_FILE:redismodule::memory>)
  if(TARGET redismodule_memory)
    add_dependencies(${target} redismodule_memory)
  endif()
  redismodule_redirect_allocations(${target})
endfunction()

function(redismodule_add_shared target)
  cmake_parse_arguments(arg "ALLOCATOR_ONLY;SYSTEM_ALLOCATOR;FAULTS" "" "WAIVE;SYMBOLS;SOURCES" ${ARGN})
  set(entry_points RedisModule_OnLoad RedisModule_OnUnload ValkeyModule_OnLoad ValkeyModule_OnUnload)
  set(version_script ${CMAKE_CURRENT_BINARY_DIR}/redismodule/${target}.version)
  redismodule_write_version_script(${version_script} ${entry_points} ${arg_SYMBOLS})

  add_library(${target} MODULE ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES PREFIX "" SUFFIX ".so")
  if(arg_ALLOCATOR_ONLY)
    redismodule_set_compile_options(${target} OWN_ENTRY_POINTS)
  else()
    redismodule_set_compile_options(${target})
  endif()
  target_link_options(${target} PRIVATE -static-libstdc++ -static-libgcc
    "LINKER:--version-script=${version_script}" LINKER:--gc-sections LINKER:-z,relro LINKER:-z,now LINKER:--build-id=sha1)
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${version_script})

  if(arg_FAULTS)
    target_link_libraries(${target} PRIVATE redismodule::faults)
  endif()
  if(NOT arg_ALLOCATOR_ONLY)
    target_link_libraries(${target} PRIVATE redismodule::redismodule)
  endif()
  set(kind server)
  if(arg_SYSTEM_ALLOCATOR)
    set(kind system)
    target_link_libraries(${target} PRIVATE redismodule::memory_system)
  else()
    redismodule_link_memory(${target})
  endif()
  redismodule_find_sanitizers(sanitizers)
  if(sanitizers)
    # The runtime is the server's. Linked into the module as well, it would take __cxa_throw from the static libstdc++.
    target_link_options(${target} PRIVATE -fno-sanitize=all)
  elseif(NOT arg_SYSTEM_ALLOCATOR)
    target_link_options(${target} PRIVATE LINKER:-z,defs)
  endif()

  set(map ${CMAKE_CURRENT_BINARY_DIR}/redismodule/${target}.map)
  target_link_options(${target} PRIVATE "LINKER:-Map=${map}" LINKER:--cref)
  redismodule_check_after_linking(${target} KIND ${kind} MAP ${map} ALLOWED ${entry_points} ${arg_SYMBOLS} WAIVE ${arg_WAIVE})
  if(NOT sanitizers)  # whose reports have lines of source where the module itself knows them
    redismodule_split_debug_symbols(${target})
  endif()
endfunction()

# One relocatable object. Its COMDAT groups are dissolved and all but the entry points made local: two modules in one server
# would otherwise share each other's inline functions and templates, or lose them.
function(redismodule_add_static target)
  cmake_parse_arguments(arg "" "" "WAIVE;SYMBOLS;SOURCES" ${ARGN})
  string(MAKE_C_IDENTIFIER ${target} name)
  if(NOT name STREQUAL target)
    message(FATAL_ERROR "redismodule_add_module(${target} … STATIC): the target names the entry points, "
                        "so it must be an identifier of C.")
  endif()
  set(entry_points ValkeyModule_OnLoad_${name} ValkeyModule_OnUnload_${name})
  add_executable(${target} ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES PREFIX "" SUFFIX ".o" INTERPROCEDURAL_OPTIMIZATION OFF)
  redismodule_set_compile_options(${target})
  target_compile_options(${target} PRIVATE -fno-lto)
  target_compile_definitions(${target} PRIVATE REDISMODULE_STATIC=${name})
  target_link_options(${target} PRIVATE -r -nostdlib -fno-lto -fuse-ld=bfd LINKER:--force-group-allocation)
  target_link_libraries(${target} PRIVATE redismodule::redismodule redismodule::memory_system)

  set(keep "")
  foreach(symbol IN LISTS entry_points arg_SYMBOLS)
    list(APPEND keep --keep-global-symbol=${symbol})
  endforeach()
  add_custom_command(TARGET ${target} POST_BUILD VERBATIM
    COMMAND ${REDISMODULE_OBJCOPY} ${keep} $<TARGET_FILE:${target}>)
  redismodule_check_after_linking(${target} KIND static ALLOWED ${entry_points} ${arg_SYMBOLS} WAIVE ${arg_WAIVE})
endfunction()

function(redismodule_add_module target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "ALLOCATOR_ONLY;SYSTEM_ALLOCATOR;ACCOUNTING;STATIC;FAULTS" "ARENA_SIZE" "WAIVE;SYMBOLS")
  if(NOT arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "redismodule_add_module(${target}): no sources were given.")
  endif()
  if(NOT DEFINED arg_ARENA_SIZE)
    set(arg_ARENA_SIZE 1048576)
  endif()
  if(NOT arg_ARENA_SIZE MATCHES "^[1-9][0-9]*$")
    message(FATAL_ERROR "redismodule_add_module(${target}): ARENA_SIZE is a number of bytes, not '${arg_ARENA_SIZE}'.")
  endif()
  if(arg_STATIC AND arg_ALLOCATOR_ONLY)
    message(FATAL_ERROR "redismodule_add_module(${target}): a STATIC module leaves the process's allocator alone, "
                        "so ALLOCATOR_ONLY has nothing to give it.")
  endif()
  if(arg_STATIC AND arg_FAULTS)
    message(FATAL_ERROR "redismodule_add_module(${target}): FAULTS is for modules that are loaded, not for STATIC ones.")
  endif()

  if(arg_STATIC)
    set(arg_SYSTEM_ALLOCATOR ON)
    redismodule_add_static(${target} SOURCES ${arg_UNPARSED_ARGUMENTS} WAIVE ${arg_WAIVE} SYMBOLS ${arg_SYMBOLS})
  else()
    set(flags "")
    foreach(flag ALLOCATOR_ONLY SYSTEM_ALLOCATOR FAULTS)
      if(arg_${flag})
        list(APPEND flags ${flag})
      endif()
    endforeach()
    redismodule_add_shared(${target} ${flags} SOURCES ${arg_UNPARSED_ARGUMENTS} WAIVE ${arg_WAIVE} SYMBOLS ${arg_SYMBOLS})
  endif()
  redismodule_add_constants(${target} ARENA_SIZE ${arg_ARENA_SIZE} ACCOUNTING ${arg_ACCOUNTING}
    SYSTEM ${arg_SYSTEM_ALLOCATOR} WAIVE ${arg_WAIVE})
endfunction()
