# One compile-fail test: see CompileFail.cmake.
cmake_minimum_required(VERSION 3.25)
set(command "${COMPILER}" "@${OPTIONS}" -fsyntax-only)
if(EXISTS "${PRECOMPILED}.gch") # g++'s; it takes it where it fits, and the header itself where not
  list(APPEND command -include "${PRECOMPILED}")
endif()
list(APPEND command "${SOURCE}")

execute_process(COMMAND ${command} RESULT_VARIABLE result OUTPUT_VARIABLE out ERROR_VARIABLE out)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "The control does not compile:\n${out}")
endif()

execute_process(COMMAND ${command} -DCORPS_EXPECT_FAIL RESULT_VARIABLE result OUTPUT_VARIABLE out ERROR_VARIABLE out)
if(result EQUAL 0)
  message(FATAL_ERROR "It compiles, but must not")
endif()
if(NOT out MATCHES "${MESSAGE}")
  message(FATAL_ERROR "It is refused, but not with the text\n  ${MESSAGE}\nThe compiler says:\n${out}")
endif()
