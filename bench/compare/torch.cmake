# PyTorch as its wheel installs it: the library lies in the Python package.
file(GLOB sources CONFIGURE_DEPENDS pytorch*.cpp)
find_package(Python3 COMPONENTS Interpreter QUIET)
set(prefix "")
if(sources AND Python3_Interpreter_FOUND)
  execute_process(
    COMMAND ${Python3_EXECUTABLE} -c "import torch; print(torch.utils.cmake_prefix_path)"
    OUTPUT_VARIABLE prefix OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(prefix)
  set(CMAKE_MESSAGE_LOG_LEVEL ERROR)  # it warns of parts that its own wheel lacks
  find_package(Torch CONFIG QUIET PATHS ${prefix} NO_DEFAULT_PATH)
  unset(CMAKE_MESSAGE_LOG_LEVEL)
endif()
if(Torch_FOUND)
  heed_comparison(pytorch SOURCES ${sources} LIBRARIES ${TORCH_LIBRARIES})
  separate_arguments(torch_flags NATIVE_COMMAND "${TORCH_CXX_FLAGS}")
  target_compile_options(compare_pytorch PRIVATE ${torch_flags})
else()
  heed_no_comparison(pytorch "PyTorch was not found (python3 -c 'import torch')")
endif()
