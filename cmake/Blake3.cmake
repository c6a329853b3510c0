# BLAKE3: the official C implementation with its assembly, compiled in, because a system library
# hides the function that hashes many messages side by side. Its own flags: no warnings of ours, and
# no sanitizer (its one lazily set CPU-feature word is a benign race).

set(BATPAK_BLAKE3_DIR "" CACHE PATH "Folder with the official BLAKE3 C sources")

set(blake3_dir "${BATPAK_BLAKE3_DIR}")
if(NOT blake3_dir)
  set(cargo_home "$ENV{CARGO_HOME}")
  if(NOT cargo_home)
    set(cargo_home "$ENV{HOME}/.cargo")
  endif()
  file(GLOB system_dirs "/usr/share/cargo/registry/blake3-*/c")
  file(GLOB crate_dirs "${cargo_home}/registry/src/*/blake3-*/c")
  list(SORT system_dirs COMPARE NATURAL ORDER DESCENDING)
  list(SORT crate_dirs COMPARE NATURAL ORDER DESCENDING)
  foreach(dir IN LISTS system_dirs crate_dirs)
    if(NOT blake3_dir AND EXISTS "${dir}/blake3_dispatch.c")
      set(blake3_dir "${dir}")
    endif()
  endforeach()
endif()
if(NOT EXISTS "${blake3_dir}/blake3.c")
  message(FATAL_ERROR "the BLAKE3 C sources are missing; script/bootstrap installs them, "
                      "or point BATPAK_BLAKE3_DIR at the folder c/ of the official sources")
endif()

set(blake3_sources blake3.c blake3_dispatch.c blake3_portable.c)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64)$")
  foreach(level sse2 sse41 avx2 avx512)
    list(APPEND blake3_sources blake3_${level}_x86-64_unix.S)
  endforeach()
else()
  list(APPEND blake3_sources blake3_neon.c)
endif()
list(TRANSFORM blake3_sources PREPEND "${blake3_dir}/")

# Our own debug sections name this folder too.
add_compile_options("-ffile-prefix-map=${blake3_dir}=blake3")
add_library(batpak_blake3 OBJECT ${blake3_sources})
target_compile_options(batpak_blake3 PRIVATE -g0 $<$<COMPILE_LANGUAGE:C>:-w -O3 -fvisibility=hidden>)
if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64)$")
  target_compile_definitions(batpak_blake3 PRIVATE BLAKE3_USE_NEON=1)
endif()
target_include_directories(batpak_blake3 SYSTEM INTERFACE "${blake3_dir}")
