# The extension of the Python package: what cffi makes of ffi.h, and the hand-written hot calls beside it. Its build is
# started by pyproject.toml; BATPAK_PYTHON=ON builds it in place.

find_package(Python 3.10 REQUIRED COMPONENTS Interpreter Development.Module)

set(bindings "${PROJECT_SOURCE_DIR}/bindings/python")
set(shipped "${bindings}/_batpak.c")  # in a source distribution, and never under version control
set(generate "${Python_EXECUTABLE}" "${bindings}/generate.py" --header "${PROJECT_SOURCE_DIR}/ffi.h"
             --compiler "${CMAKE_C_COMPILER}" --output)

if(SKBUILD_STATE STREQUAL "sdist")
  execute_process(COMMAND ${generate} "${shipped}" COMMAND_ERROR_IS_FATAL ANY)
endif()
execute_process(COMMAND ${generate} "${shipped}" --fresh RESULT_VARIABLE stale)
if(stale EQUAL 0)
  set(generated "${shipped}")
else()
  set(generated "${PROJECT_BINARY_DIR}/python/_batpak.c")
  file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/python")
  add_custom_command(OUTPUT "${generated}" COMMAND ${generate} "${generated}"
    DEPENDS "${PROJECT_SOURCE_DIR}/ffi.h" "${bindings}/generate.py" VERBATIM COMMENT "Making the raw Python module")
endif()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ffi.h "${bindings}/generate.py")

file(GLOB glue CONFIGURE_DEPENDS "${bindings}/*.c")
list(REMOVE_ITEM glue "${shipped}")
add_library(batpak_python MODULE "${generated}" ${glue})
# Without a version in its name: one file for this Python and all later ones.
set_target_properties(batpak_python PROPERTIES PREFIX "" OUTPUT_NAME "_batpak" SUFFIX ".abi3.so" LINKER_LANGUAGE C
  LINK_DEPENDS "${bindings}/exports.map")
# cffi's code is not held to our warnings, and its entry point is called by ours.
set_source_files_properties("${generated}" PROPERTIES COMPILE_OPTIONS "-w" COMPILE_DEFINITIONS
  "PyInit__batpak=batpak_cffi_init")
# The interpreter's tables of slots hold functions as `void *`, which POSIX allows and ISO C does not.
set_source_files_properties(${glue} PROPERTIES COMPILE_OPTIONS "-Wno-pedantic")
target_include_directories(batpak_python SYSTEM PRIVATE ${Python_INCLUDE_DIRS})
batpak_link_whole(batpak_python "${bindings}/exports.map")
install(TARGETS batpak_python LIBRARY DESTINATION batpak COMPONENT python)
