# The library: one set of objects, from which come the shared library, the static library, and the
# tests, which also reach the names that neither library shows.

set(BATPAK_SOURCES "")
foreach(room IN LISTS BATPAK_ROOMS)
  file(GLOB room_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/core/${room}/*.c")
  list(APPEND BATPAK_SOURCES ${room_sources})
endforeach()
if(NOT BATPAK_SOURCES)
  return()
endif()

# libffi installs an `ffi.h` too: the repository's root is never on an include path. Everyone
# includes <batpak/ffi.h> from the copy, as it will lie when installed.
configure_file("${PROJECT_SOURCE_DIR}/ffi.h" "${PROJECT_BINARY_DIR}/include/batpak/ffi.h" COPYONLY)

add_library(batpak_objects OBJECT ${BATPAK_SOURCES})
target_include_directories(batpak_objects PUBLIC "${PROJECT_BINARY_DIR}/include")
# For quoted includes alone: a room is named sys, and <sys/stat.h> must stay the system's.
target_compile_options(batpak_objects PUBLIC "SHELL:-iquote ${PROJECT_SOURCE_DIR}/core")
target_compile_definitions(batpak_objects PRIVATE "BP_API=__attribute__((visibility(\"default\")))")
if(BATPAK_FAULT_POINTS)
  target_compile_definitions(batpak_objects PUBLIC BATPAK_FAULT_POINTS)
endif()
target_link_libraries(batpak_objects PUBLIC batpak_flags ${BATPAK_LINK} batpak_blake3)

add_library(batpak SHARED $<TARGET_OBJECTS:batpak_objects> $<TARGET_OBJECTS:batpak_blake3>)
set_target_properties(batpak PROPERTIES
  SOVERSION ${BATPAK_ABI} VERSION ${BATPAK_ABI}.${PROJECT_VERSION_MINOR}.${PROJECT_VERSION_PATCH}
  LINK_DEPENDS "${PROJECT_SOURCE_DIR}/core/batpak.map" LINKER_LANGUAGE C)
target_link_options(batpak PRIVATE "-Wl,--version-script=${PROJECT_SOURCE_DIR}/core/batpak.map")
if(NOT BATPAK_SANITIZE AND NOT BATPAK_FUZZ)
  target_link_options(batpak PRIVATE -Wl,--no-undefined)
endif()
target_link_libraries(batpak PRIVATE batpak_flags ${BATPAK_LINK})
target_include_directories(batpak INTERFACE
  $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

# The static library is a single object in which every name but the public ones has become local: a program may
# link it beside another copy of BLAKE3, or use our internal names for its own.
set(merged "${PROJECT_BINARY_DIR}/batpak_merged.o")
add_custom_command(OUTPUT "${merged}"
  COMMAND ${CMAKE_C_COMPILER} -r -nostdlib -o "${merged}"
          "$<TARGET_OBJECTS:batpak_objects>" "$<TARGET_OBJECTS:batpak_blake3>"
  COMMAND ${CMAKE_OBJCOPY} -w --keep-global-symbol=bp_* "${merged}"
  DEPENDS $<TARGET_OBJECTS:batpak_objects> $<TARGET_OBJECTS:batpak_blake3>
  COMMAND_EXPAND_LISTS VERBATIM COMMENT "Merging the static library's object")
set_source_files_properties("${merged}" PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
add_library(batpak_static STATIC "${merged}")
# Make, unlike Ninja, does not know how to build another target's object.
add_dependencies(batpak_static batpak_objects batpak_blake3)
set_target_properties(batpak_static PROPERTIES OUTPUT_NAME batpak EXPORT_NAME static LINKER_LANGUAGE C)
target_include_directories(batpak_static INTERFACE
  $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
foreach(item IN LISTS BATPAK_LINK)
  target_link_libraries(batpak_static INTERFACE $<BUILD_INTERFACE:${item}>)
endforeach()
foreach(item IN LISTS BATPAK_LINK_NAMES)
  target_link_libraries(batpak_static INTERFACE $<INSTALL_INTERFACE:${item}>)
endforeach()
target_link_libraries(batpak_static INTERFACE $<INSTALL_INTERFACE:Threads::Threads>)

add_library(batpak::batpak ALIAS batpak)
add_library(batpak::static ALIAS batpak_static)
