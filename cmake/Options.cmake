# Switches, and the flags that every target of ours gets. Targets take them by linking `batpak_flags`.

include(CheckCCompilerFlag)
include(CheckLinkerFlag)

option(BATPAK_WERROR "Treat warnings as errors" OFF)
option(BATPAK_TESTS "Build tests, harness and fuzz targets" ON)
option(BATPAK_BENCH "Build the benchmarks" OFF)
option(BATPAK_LAYOUTS "Build what prints the layouts of the structs; the tests have it anyway" OFF)
option(BATPAK_PYTHON "Build the extension of the Python package" OFF)
option(BATPAK_FAULT_POINTS "Ask bp_config.fault at the fault points: for tests, never for what is shipped" OFF)
option(BATPAK_FUZZ "Build the fuzz targets for libFuzzer (needs clang)" OFF)
option(BATPAK_NODE "Build the addon for Node (needs SWIG, and the npm packages of node/)" OFF)
set(BATPAK_SANITIZE "" CACHE STRING "Sanitizers as for -fsanitize=, e.g. address,undefined or thread")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
# Assertions stay on in every build: they state what must hold, and hostile input never reaches them.
set(CMAKE_C_FLAGS_RELEASE "-O3")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g -fno-omit-frame-pointer")

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
# Nothing in the build tree needs a run path, and one would put a machine's path into a binary.
set(CMAKE_SKIP_BUILD_RPATH ON)

if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux" OR NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|aarch64|arm64)$")
  message(FATAL_ERROR "batpak runs on Linux on x86-64 and arm64; "
                      "${CMAKE_SYSTEM_NAME} on ${CMAKE_SYSTEM_PROCESSOR} is not supported until it is tested there")
endif()

# Paths in debug sections and __FILE__ are relative to the repository, whoever builds it and wherever.
add_compile_options("-ffile-prefix-map=${PROJECT_BINARY_DIR}/=" "-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=")

add_library(batpak_flags INTERFACE)
target_compile_definitions(batpak_flags INTERFACE _GNU_SOURCE)
target_compile_options(batpak_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow "$<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>" "$<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>"
  -Wvla -Wcast-qual -Wpedantic -fno-common)
if(BATPAK_WERROR)
  target_compile_options(batpak_flags INTERFACE -Werror)
endif()

set(hardening -fstack-protector-strong -fstack-clash-protection -fstrict-flex-arrays=3)
if(BATPAK_SANITIZE STREQUAL "" AND NOT BATPAK_FUZZ)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64)$")
    list(APPEND hardening -fcf-protection=full)
  else()
    list(APPEND hardening -mbranch-protection=standard)
  endif()
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    # The system's compiler may define a level of its own, which must go first.
    set(CMAKE_REQUIRED_FLAGS -O2)
    check_c_compiler_flag("-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3" BATPAK_HAS_FORTIFY)
    unset(CMAKE_REQUIRED_FLAGS)
    if(BATPAK_HAS_FORTIFY)
      target_compile_options(batpak_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
    endif()
  endif()
endif()
foreach(flag IN LISTS hardening)
  string(MAKE_C_IDENTIFIER "BATPAK_HAS${flag}" known)
  check_c_compiler_flag(${flag} ${known})
  if(${known})
    target_compile_options(batpak_flags INTERFACE ${flag})
  endif()
endforeach()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64)$")
  # gcc zeroes structs with `rep stos`, which takes long to begin: the structs of the hot paths are small.
  check_c_compiler_flag("-mmemset-strategy=vector_loop:768:noalign,libcall:-1:noalign" BATPAK_HAS_MEMSET_STRATEGY)
  if(BATPAK_HAS_MEMSET_STRATEGY)
    target_compile_options(batpak_flags INTERFACE "-mmemset-strategy=vector_loop:768:noalign,libcall:-1:noalign")
  endif()
endif()
foreach(flag -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
  string(MAKE_C_IDENTIFIER "BATPAK_HAS${flag}" known)
  check_linker_flag(C ${flag} ${known})
  if(${known})
    target_link_options(batpak_flags INTERFACE ${flag})
  endif()
endforeach()

# A sanitizer that carries on would let a test pass, so none recovers.
set(sanitize ${BATPAK_SANITIZE})
if(BATPAK_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "BATPAK_FUZZ needs clang: cmake --preset fuzz")
  endif()
  list(APPEND sanitize address,undefined)
  target_compile_options(batpak_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(sanitize)
  list(JOIN sanitize "," sanitize)
  target_compile_options(batpak_flags INTERFACE
    -fsanitize=${sanitize} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(batpak_flags INTERFACE -fsanitize=${sanitize})
  # Under a sanitizer gcc no longer knows the ranges of values and warns of what cannot be.
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(batpak_flags INTERFACE -Wno-format-truncation)
  endif()
endif()
