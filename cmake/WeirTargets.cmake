# SPDX-License-Identifier: BSD-3-Clause
# How targets of this project are made.
include_guard()
include(GNUInstallDirs)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(WEIR_CCACHE ccache)
if(WEIR_CCACHE AND PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${WEIR_CCACHE}")
endif()

# For our own code only; never exported.
add_library(weir_warnings INTERFACE)
target_compile_options(weir_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
  -Wno-missing-field-initializers  # designated initialisers leave out what keeps its default
  -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds -Wno-maybe-uninitialized  # false alarms in GCC 12 (bug 105651 and its kin)
  $<$<BOOL:${WEIR_WARNINGS_AS_ERRORS}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC collects its garbage later: a tenth less time for a gigabyte more memory a job.
  target_compile_options(weir_warnings INTERFACE --param=ggc-min-expand=200 --param=ggc-min-heapsize=1000000)
endif()

# weir_library(name EXPORT_NAME name BASE dir HEADERS … SOURCES … DEPENDS … PRIVATE_DEPENDS …)
# A static library whose headers and sources lie side by side under BASE.
function(weir_library target)
  cmake_parse_arguments(arg "" "EXPORT_NAME;BASE" "HEADERS;SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(${target} STATIC)
  add_library(weir::${arg_EXPORT_NAME} ALIAS ${target})
  target_sources(${target}
    PRIVATE ${arg_SOURCES}
    PUBLIC FILE_SET HEADERS BASE_DIRS "${arg_BASE}" FILES ${arg_HEADERS})
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_link_libraries(${target} PUBLIC ${arg_DEPENDS} PRIVATE ${arg_PRIVATE_DEPENDS} $<BUILD_INTERFACE:weir_warnings>)
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${arg_EXPORT_NAME} POSITION_INDEPENDENT_CODE ON VERIFY_INTERFACE_HEADER_SETS ON)
  if(TARGET other_programs)
    add_dependencies(other_programs ${target})
  endif()
  install(TARGETS ${target} EXPORT weir-targets FILE_SET HEADERS ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endfunction()

# Of a run that has little time, each test is built once: those that handle memory by themselves under AddressSanitizer,
# those with threads under ThreadSanitizer, and the rest, with all other programs, as it is.
if(WEIR_BUILD_TESTS)
  add_custom_target(memory_tests)
  add_custom_target(thread_tests)
  add_custom_target(other_programs)
endif()

# What GCC's ThreadSanitizer must be told of the libraries that are not built for it; in every program.
if(CMAKE_CXX_FLAGS MATCHES "fsanitize=thread")
  add_library(weir_thread_sanitizer OBJECT "${PROJECT_SOURCE_DIR}/tests/support/thread_sanitizer.cpp")
  target_compile_features(weir_thread_sanitizer PRIVATE cxx_std_20)
endif()

# weir_program(name SOURCES … DEPENDS … [PART] [OPTIMISED]): a program in bin/; a PART is counted by who calls. OPTIMISED:
# also where WEIR_QUICK_PROGRAMS has programs compiled with -O1.
function(weir_program target)
  cmake_parse_arguments(arg "PART;OPTIMISED" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE ${arg_DEPENDS} weir_warnings)
  if(WEIR_QUICK_PROGRAMS AND NOT arg_OPTIMISED)
    target_compile_options(${target} PRIVATE -O1)
  endif()
  if(TARGET weir_thread_sanitizer)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:weir_thread_sanitizer>)
  endif()
  if(NOT arg_PART)
    add_dependencies(other_programs ${target})
  endif()
endfunction()

# Tests are compiled far more often than they run: -Og takes a quarter less time than -O1, under a sanitizer a third.
set(WEIR_COMPILED_OFTEN -Og)

# weir_test(name AREA area SOURCES … DEPENDS … [NO_MAIN] [PRECOMPILED] [TIMEOUT s] [HANDLES memory|thread]): one Catch2
# binary an area, one CTest test a binary. HANDLES says which sanitizer has most to find in it; PRECOMPILED ones share the
# headers of weir_test_headers.
function(weir_test target)
  cmake_parse_arguments(arg "NO_MAIN;PRECOMPILED" "AREA;TIMEOUT;HANDLES" "SOURCES;DEPENDS" ${ARGN})
  weir_program(${target} PART SOURCES ${arg_SOURCES} DEPENDS ${arg_DEPENDS}
    $<IF:$<BOOL:${arg_NO_MAIN}>,Catch2::Catch2,Catch2::Catch2WithMain>)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_compile_options(${target} PRIVATE ${WEIR_COMPILED_OFTEN})
  if(arg_PRECOMPILED)
    target_precompile_headers(${target} REUSE_FROM weir_test_headers)
    target_include_directories(${target} PRIVATE $<TARGET_PROPERTY:weir_test_headers,INCLUDE_DIRECTORIES>)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_test(NAME ${target} COMMAND ${target})
  if(arg_HANDLES)
    add_dependencies(${arg_HANDLES}_tests ${target})
    list(APPEND arg_AREA ${arg_HANDLES})
  else()
    add_dependencies(other_programs ${target})
  endif()
  set_tests_properties(${target} PROPERTIES LABELS "${arg_AREA}" TIMEOUT ${arg_TIMEOUT} COST ${arg_TIMEOUT}
    SKIP_RETURN_CODE 77)  # what may take long begins first, so that no core waits for it at the end
endfunction()
