# fuzz/<target>.c holds one LLVMFuzzerTestOneInput. With BATPAK_FUZZ each becomes a libFuzzer program;
# otherwise fuzz/driver.c replays fuzz/corpus/<target>/ as an ordinary test.

file(GLOB fuzz_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/fuzz/*.c")
list(FILTER fuzz_sources EXCLUDE REGEX "/driver\\.c$")
foreach(source IN LISTS fuzz_sources)
  get_filename_component(name "${source}" NAME_WE)
  if(BATPAK_FUZZ)
    add_executable(fuzz_${name} "${source}")
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(fuzz_${name} "${source}" "${PROJECT_SOURCE_DIR}/fuzz/driver.c")
    batpak_test(fuzz.${name} fuzz fuzz_${name} "${PROJECT_SOURCE_DIR}/fuzz/corpus/${name}")
  endif()
  batpak_link_tested(fuzz_${name})
endforeach()
