# Script: lists the checks of one executable and writes the CTest commands that run each of them.
# cmake -DEXECUTABLE=… -DEXERCISE=… -DPHASE=… -DOUTPUT=… -P RegisterChecks.cmake
#
# gtest_discover_tests can't be used: with two labels it drops the properties behind them (CMake 3.25).
execute_process(COMMAND ${EXECUTABLE} --gtest_list_tests OUTPUT_VARIABLE listed COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\n" ";" lines "${listed}")
set(text "")
foreach(line IN LISTS lines)
  if(line MATCHES "^([a-z]+)\\.")
    set(part ${CMAKE_MATCH_1})
  elseif(line MATCHES "^  ([A-Za-z0-9_]+)")
    set(check ${CMAKE_MATCH_1})
    set(cost 1)
    if(part STREQUAL "core")
      set(cost 100) # the greater cost starts first
    endif()
    string(APPEND text
      "add_test(${EXERCISE}.${check} \"${EXECUTABLE}\" --gtest_filter=${part}.${check} --gtest_brief=1)\n"
      "set_tests_properties(${EXERCISE}.${check} PROPERTIES LABELS \"phase${PHASE};${EXERCISE};${part}\""
      " FIXTURES_REQUIRED \"answers;broker\" TIMEOUT 300 COST ${cost})\n")
  endif()
endforeach()
file(WRITE ${OUTPUT} "${text}")
