include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/batpak")

install(FILES "${PROJECT_SOURCE_DIR}/ffi.h" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/batpak")
install(TARGETS batpak batpak_static EXPORT batpak
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(EXPORT batpak NAMESPACE batpak:: FILE batpak-targets.cmake DESTINATION "${package_dir}")

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/batpak-config.cmake.in"
  "${PROJECT_BINARY_DIR}/batpak-config.cmake" INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/batpak-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/batpak-config.cmake" "${PROJECT_BINARY_DIR}/batpak-config-version.cmake"
  DESTINATION "${package_dir}")

# Bare library names serve every distribution (their .pc files are named differently), and whoever
# links the shared library need not have the development files of what it uses.
list(TRANSFORM BATPAK_LINK_NAMES PREPEND "-l" OUTPUT_VARIABLE private_libs)
list(JOIN private_libs " " BATPAK_PRIVATE_LIBS)
file(RELATIVE_PATH BATPAK_PC_TO_PREFIX
  "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
configure_file("${PROJECT_SOURCE_DIR}/cmake/batpak.pc.in" "${PROJECT_BINARY_DIR}/batpak.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/batpak.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
