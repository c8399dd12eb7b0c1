# The only CMake functions of the project. Every library is one box of docs/architecture.md with its
# dependencies named; there are no globs, so that a file that is not listed is not built.

set(PARLEY_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor
                    -Wold-style-cast -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False positive in std::string's operator+ (GCC bug 105651, fixed in 13).
  list(APPEND PARLEY_WARNINGS -Wno-restrict)
endif()

function(parley_target name)
  target_compile_features(${name} PUBLIC cxx_std_20)
  target_compile_options(${name} PRIVATE ${PARLEY_WARNINGS})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  if(PARLEY_SANITIZE)
    target_compile_options(${name} PUBLIC -fsanitize=address,undefined -fno-sanitize-recover=all
                                          -fno-omit-frame-pointer)
    target_link_options(${name} PUBLIC -fsanitize=address,undefined)
  endif()
  if(PARLEY_FUZZ)
    target_compile_options(${name} PUBLIC -fsanitize=fuzzer-no-link)
  endif()
endfunction()

# parley_library(NAME SOURCES a.cc ... PUBLIC dep ... PRIVATE dep ...)
function(parley_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
  parley_target(${name})
endfunction()

# parley_test(NAME SOURCES a_test.cc ... LIBRARIES dep ... [LABELS slow]): one GoogleTest program.
function(parley_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} GTest::gmock_main)
  target_compile_definitions(${name} PRIVATE PARLEY_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                                             PARLEY_BINARY_DIR="${PROJECT_BINARY_DIR}")
  parley_target(${name})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 600 LABELS "${arg_LABELS}")
endfunction()

# parley_fuzzer(NAME SOURCES a.cc LIBRARIES dep ...): a libFuzzer program when PARLEY_FUZZ is on
# (clang), else a program that replays files and directories given to it, for the ordinary tests.
function(parley_fuzzer name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  if(PARLEY_FUZZ)
    add_executable(${name} ${arg_SOURCES})
    parley_target(${name})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${name} ${arg_SOURCES} ${PROJECT_SOURCE_DIR}/fuzz/replay.cc)
    parley_target(${name})
  endif()
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES})
endfunction()
