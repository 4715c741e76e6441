# What programs under grading are made of, besides the answers: the support library and each program's
# main file, built with sanitizers. The answers are compiled and linked by grader/answers, through the
# ninja file that is written here.

# -Og compiles in half the time of -O1, as the sanitizers leave the optimizer less to chew on.
set(graded_flags -Og -g1 -fno-omit-frame-pointer -fsanitize=address,undefined)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND graded_flags -fno-gnu-unique) # unique symbols would stay global in compile_exercise.sh
endif()
set(graded_link_flags -fsanitize=address,undefined)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # A preloaded library comes before a shared sanitizer runtime, which then refuses to start.
  list(APPEND graded_link_flags -static-libasan -static-libubsan)
endif()

file(GLOB support_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/phases/support/*.cpp)
add_library(graded_support STATIC ${support_sources})
target_include_directories(graded_support PUBLIC ${CMAKE_SOURCE_DIR}/phases)
target_link_libraries(graded_support PUBLIC
  PkgConfig::RDKAFKA nlohmann_json::nlohmann_json fmt::fmt CLI11::CLI11 Threads::Threads)
target_compile_options(graded_support PUBLIC ${graded_flags})

set(ninja_text "")
file(GLOB mains CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/phases/*/*_main.cpp)
foreach(main IN LISTS mains)
  get_filename_component(program ${main} NAME_WE)
  string(REGEX REPLACE "_main$" "" program ${program})
  add_library(graded_main_${program} OBJECT ${main})
  target_link_libraries(graded_main_${program} PRIVATE graded_support)
  string(APPEND ninja_text "main_${program} = $<TARGET_OBJECTS:graded_main_${program}>\n")
  list(APPEND graded_mains graded_main_${program})
endforeach()

list(JOIN graded_flags " " flags)
list(JOIN graded_link_flags " " link_flags)
string(JOIN " " include_flags -I${CMAKE_SOURCE_DIR}/phases ${RDKAFKA_CFLAGS})
string(JOIN " " libraries ${RDKAFKA_LDFLAGS})
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/answers_toolchain.ninja CONTENT
"# Written by CMake (grader/cmake/GradedPrograms.cmake).
script = ${CMAKE_SOURCE_DIR}/grader/answers/compile_exercise.sh
support = $<TARGET_FILE:graded_support>
${ninja_text}
rule compile
  command = $script $name '$source' '$skeleton' '$out' ${CMAKE_CXX_COMPILER} -std=c++20 -Wall -Wextra ${flags} ${include_flags} $headers
  depfile = $out.d
  deps = gcc
  description = compiling $name
rule link
  command = ${CMAKE_CXX_COMPILER} ${link_flags} $in $support ${libraries} $<TARGET_FILE:fmt::fmt> -Wl,-rpath,${RDKAFKA_LIBDIR} -o '$out'
  description = linking $out
")
add_custom_target(graded_programs DEPENDS graded_support ${graded_mains})
