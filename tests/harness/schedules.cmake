# harness_schedules and the programs with planted bugs.

# The library once more, with the scheduler in place of the system's locks, and every atomic operation of the store a step.
set(scheduled_sources ${BATPAK_SOURCES})
list(REMOVE_ITEM scheduled_sources "${PROJECT_SOURCE_DIR}/core/sys/thread.c")
add_library(batpak_scheduled STATIC ${scheduled_sources})
target_link_libraries(batpak_scheduled PUBLIC batpak_flags ${BATPAK_LINK} batpak_blake3)
target_include_directories(batpak_scheduled PUBLIC "${PROJECT_BINARY_DIR}/include")
target_compile_options(batpak_scheduled PUBLIC "SHELL:-iquote ${PROJECT_SOURCE_DIR}/core")
target_compile_options(batpak_scheduled PRIVATE
  "SHELL:-include ${CMAKE_CURRENT_SOURCE_DIR}/support/scheduled_atomics.h")

# The scheduler and what looks on at its steps run on every stack: the thread sanitizer is to judge the library alone.
set(lookers batpak_support)
add_library(batpak_schedules OBJECT harness/schedules.c)
set(schedules --schedules 20000)
set(label harness)
if(BATPAK_SANITIZE MATCHES "thread")
  set(lookers batpak_lookers)
  add_library(batpak_unwatched INTERFACE)
  target_compile_options(batpak_unwatched INTERFACE -fno-sanitize=thread -DFIBER_THREAD_SANITIZER)
  add_library(batpak_lookers STATIC ${support_sources})
  target_include_directories(batpak_lookers PUBLIC $<TARGET_PROPERTY:batpak_support,INTERFACE_INCLUDE_DIRECTORIES>)
  target_compile_options(batpak_lookers PUBLIC $<TARGET_PROPERTY:batpak_support,INTERFACE_COMPILE_OPTIONS>)
  target_link_libraries(batpak_lookers PRIVATE batpak_flags ${BATPAK_LINK} PUBLIC batpak_unwatched)
  set(schedules --schedules 2000)
  set(label threads)
elseif(BATPAK_SANITIZE)
  set(schedules --schedules 4000)
endif()
target_link_libraries(batpak_schedules PRIVATE batpak_flags ${lookers})
add_executable(harness_schedules)
target_link_libraries(harness_schedules PRIVATE batpak_schedules ${lookers} batpak_scheduled ${lookers})
batpak_test(harness.schedules ${label} harness_schedules ${schedules})

# And once more for each planted bug: the file with the bug goes before the same one in the library.
if(NOT BATPAK_SANITIZE AND NOT BATPAK_FUZZ)
  set(planter "${CMAKE_CURRENT_SOURCE_DIR}/harness/planted.py")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${planter}")
  execute_process(COMMAND python3 "${planter}" list OUTPUT_VARIABLE bugs COMMAND_ERROR_IS_FATAL ANY)
  foreach(bug IN LISTS bugs)
    string(REGEX MATCH "^([^=]*)=(.*)$" found "${bug}")
    set(name "${CMAKE_MATCH_1}")
    set(source "${PROJECT_SOURCE_DIR}/${CMAKE_MATCH_2}")
    set(planted "${CMAKE_CURRENT_BINARY_DIR}/planted_${name}.c")
    add_custom_command(OUTPUT "${planted}" DEPENDS "${planter}" "${source}"
      COMMAND python3 "${planter}" write ${name} "${PROJECT_SOURCE_DIR}" "${planted}" VERBATIM)
    add_executable(planted_${name} "${planted}")
    target_compile_options(planted_${name} PRIVATE -w
      "SHELL:-include ${CMAKE_CURRENT_SOURCE_DIR}/support/scheduled_atomics.h")
    target_link_libraries(planted_${name} PRIVATE batpak_schedules ${lookers} batpak_scheduled ${lookers})
  endforeach()
  batpak_test(harness.planted harness python3 "${planter}")
endif()
