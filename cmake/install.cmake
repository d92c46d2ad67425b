# Headers, the package `heed` with its component `io`, and heed.pc. Nothing of these depends on the machine, so they lie
# under the data folder rather than a library folder. The component `translator` adds a library.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/heed)
set(pkgconfig_dir ${CMAKE_INSTALL_DATADIR}/pkgconfig)

install(DIRECTORY include/heed DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")

# Each component is an export set of its own: a set that names nlohmann_json::nlohmann_json can only be read where that
# target exists.
install(TARGETS heed EXPORT heedTargets INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT heedTargets NAMESPACE heed:: DESTINATION ${package_dir})
if(TARGET heed_io)
  install(TARGETS heed_io EXPORT heedIoTargets)
  install(EXPORT heedIoTargets NAMESPACE heed:: DESTINATION ${package_dir})
endif()

if(TARGET heed_translator AND HEED_BUILD_TRANSLATOR)
  install(TARGETS heed_translator EXPORT heedTranslatorTargets INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT heedTranslatorTargets NAMESPACE heed:: DESTINATION ${package_dir})
endif()

configure_package_config_file(cmake/heedConfig.cmake.in ${PROJECT_BINARY_DIR}/heedConfig.cmake
  INSTALL_DESTINATION ${package_dir}
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/heedConfigVersion.cmake
  COMPATIBILITY SameMinorVersion
  ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/heedConfig.cmake ${PROJECT_BINARY_DIR}/heedConfigVersion.cmake
  ${PROJECT_SOURCE_DIR}/cmake/heedSentencePiece.cmake
  DESTINATION ${package_dir})

# Relative to the .pc file itself, so that `cmake --install --prefix` may put it anywhere.
file(RELATIVE_PATH heed_pc_to_include
  ${CMAKE_INSTALL_FULL_DATADIR}/pkgconfig
  ${CMAKE_INSTALL_FULL_INCLUDEDIR})
configure_file(cmake/heed.pc.in ${PROJECT_BINARY_DIR}/heed.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/heed.pc DESTINATION ${pkgconfig_dir})
