# The addon for Node: SWIG's wrappers, the hot calls written by hand, and the core, in one file that needs nothing but the
# C library. Headers come from the npm packages node-api-headers and node-addon-api; nothing is downloaded here.

set(BATPAK_NODE_MODULES "${PROJECT_SOURCE_DIR}/node/node_modules" CACHE PATH "Where npm put node-api-headers and node-addon-api")
set(node_dir "${PROJECT_SOURCE_DIR}/bindings/node")
set(node_api "${BATPAK_NODE_MODULES}/node-api-headers/include")
set(node_addon_api "${BATPAK_NODE_MODULES}/node-addon-api")
if(NOT EXISTS "${node_api}/node_api.h" OR NOT EXISTS "${node_addon_api}/napi.h")
  message(FATAL_ERROR "node-api-headers and node-addon-api are missing in ${BATPAK_NODE_MODULES}; "
                      "`npm ci --ignore-scripts` in node/ installs them")
endif()

find_program(BATPAK_SWIG swig HINTS "${PROJECT_SOURCE_DIR}/out/tools/bin")
set(swig_version "")
if(BATPAK_SWIG)
  execute_process(COMMAND "${BATPAK_SWIG}" -version OUTPUT_VARIABLE swig_says)
  string(REGEX MATCH "[0-9]+\\.[0-9]+(\\.[0-9]+)?" swig_version "${swig_says}")
endif()
if(swig_version VERSION_LESS 4.2)
  message(FATAL_ERROR "SWIG 4.2 or later is needed for Node-API (found: ${BATPAK_SWIG} ${swig_version}); script/bootstrap installs it")
endif()

enable_language(CXX)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_FLAGS_RELEASE "-O2")

set(wrapper "${PROJECT_BINARY_DIR}/node/batpak_wrap.cc")
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/node")
add_custom_command(OUTPUT "${wrapper}"
  COMMAND "${BATPAK_SWIG}" -c++ -javascript -napi "-I${PROJECT_BINARY_DIR}/include" "-I${node_dir}" -o "${wrapper}"
          "${node_dir}/batpak.i"
  DEPENDS "${node_dir}/batpak.i" "${node_dir}/maps.i" "${PROJECT_SOURCE_DIR}/ffi.h"
  VERBATIM COMMENT "Wrapping ffi.h for Node")

include(Whole)
file(GLOB node_sources CONFIGURE_DEPENDS "${node_dir}/*.c")
add_library(batpak_node MODULE ${node_sources} "${wrapper}")
set_target_properties(batpak_node PROPERTIES PREFIX "" OUTPUT_NAME batpak SUFFIX ".node" LINKER_LANGUAGE CXX
  LINK_DEPENDS "${node_dir}/exports.map" LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/node")
# The flags of the project are for C, and the wrapper is not held to them.
set_source_files_properties("${wrapper}" PROPERTIES COMPILE_OPTIONS "-w")
# Node-API 8: Node 18 and later.
target_compile_definitions(batpak_node PRIVATE NAPI_VERSION=8 NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED)
target_include_directories(batpak_node PRIVATE "${node_dir}")
target_include_directories(batpak_node SYSTEM PRIVATE "${node_api}" "${node_addon_api}")
batpak_link_whole(batpak_node "${node_dir}/exports.map")
if(NOT BATPAK_SANITIZE)
  # The C++ library inside, and of it only what is used: some of the rest wants a newer C library than the addon does.
  target_link_options(batpak_node PRIVATE -static-libstdc++ -Wl,--gc-sections)
endif()
