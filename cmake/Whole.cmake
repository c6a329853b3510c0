# batpak_link_whole(TARGET MAP): TARGET, a module for another language's runtime, gets the library and what the library
# uses inside it, shows only the names in MAP, and needs nothing but the C library where it runs. The static archives of
# the system hold names that another module of the process may hold too: --exclude-libs and the map hide them.
function(batpak_link_whole target map)
  target_link_libraries(${target} PRIVATE batpak_flags)
  target_include_directories(${target} PRIVATE "${PROJECT_BINARY_DIR}/include")
  target_link_libraries(${target} PRIVATE "$<TARGET_FILE:batpak_static>")
  add_dependencies(${target} batpak_static)
  foreach(name IN LISTS BATPAK_LINK_NAMES)
    find_library(BATPAK_WHOLE_${name} NAMES "lib${name}.a")
    mark_as_advanced(BATPAK_WHOLE_${name})
    if(NOT BATPAK_WHOLE_${name})
      message(FATAL_ERROR "lib${name}.a, the static archive, is missing; script/bootstrap installs it")
    endif()
    target_link_libraries(${target} PRIVATE "${BATPAK_WHOLE_${name}}")
  endforeach()
  target_link_libraries(${target} PRIVATE Threads::Threads)
  target_link_options(${target} PRIVATE "-Wl,--exclude-libs,ALL" "-Wl,--version-script=${map}")
endfunction()
