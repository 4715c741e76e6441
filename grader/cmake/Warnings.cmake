# Our own code compiles without a warning; course_warnings is linked privately by every target.
add_library(course_warnings INTERFACE)
target_compile_options(course_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
