# batpak_layouts prints the layouts of the structs of ffi.h as JSON, for the tests of other languages. It is not installed.

find_package(Python 3.10 REQUIRED COMPONENTS Interpreter)

set(layouts_source "${PROJECT_BINARY_DIR}/layouts.c")
add_custom_command(OUTPUT "${layouts_source}"
  COMMAND "${Python_EXECUTABLE}" -B "${PROJECT_SOURCE_DIR}/bindings/layouts.py" "${layouts_source}"
  DEPENDS "${PROJECT_SOURCE_DIR}/ffi.h" "${PROJECT_SOURCE_DIR}/bindings/layouts.py"
          "${PROJECT_SOURCE_DIR}/script/gates/declarations.py"
  VERBATIM COMMENT "Making the source of batpak_layouts")
add_executable(batpak_layouts "${layouts_source}")
target_link_libraries(batpak_layouts PRIVATE batpak_flags)
target_include_directories(batpak_layouts PRIVATE "${PROJECT_BINARY_DIR}/include")
