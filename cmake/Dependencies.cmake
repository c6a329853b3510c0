# The system's libraries. Each is looked for by header and library, not by package, because the
# distributions name the packages differently. Results: BATPAK_LINK (what the library links),
# BATPAK_LINK_NAMES (the same as bare names, for whoever links the installed static library) and
# batpak_msgpack (what the tests compare our MessagePack with; the library does not link it).

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

set(BATPAK_LINK Threads::Threads)
set(BATPAK_LINK_NAMES "")

# batpak_found NAME HEADER LIBRARY...: the target batpak_NAME, and in `link_name` its bare name.
function(batpak_found name header)
  find_path(BATPAK_${name}_INCLUDE ${header})
  find_library(BATPAK_${name}_LIBRARY NAMES ${ARGN})
  mark_as_advanced(BATPAK_${name}_INCLUDE BATPAK_${name}_LIBRARY)
  if(NOT BATPAK_${name}_INCLUDE OR NOT BATPAK_${name}_LIBRARY)
    message(FATAL_ERROR "${name} is missing (header ${header}); script/bootstrap installs it")
  endif()
  add_library(batpak_${name} INTERFACE)
  # SYSTEM: their headers are not held to our warnings.
  target_include_directories(batpak_${name} SYSTEM INTERFACE "${BATPAK_${name}_INCLUDE}")
  target_link_libraries(batpak_${name} INTERFACE "${BATPAK_${name}_LIBRARY}")
  get_filename_component(file "${BATPAK_${name}_LIBRARY}" NAME_WE)
  string(REGEX REPLACE "^lib" "" file "${file}")
  set(link_name ${file} PARENT_SCOPE)
endfunction()

function(batpak_dependency name)
  batpak_found(${name} ${ARGN})
  set(BATPAK_LINK ${BATPAK_LINK} batpak_${name} PARENT_SCOPE)
  set(BATPAK_LINK_NAMES ${BATPAK_LINK_NAMES} ${link_name} PARENT_SCOPE)
endfunction()

batpak_dependency(sodium sodium.h sodium)
batpak_dependency(deflate libdeflate.h deflate)
batpak_dependency(json json-c/json.h json-c)
if(BATPAK_TESTS)
  batpak_found(msgpack msgpack.h msgpack-c msgpackc)
endif()
