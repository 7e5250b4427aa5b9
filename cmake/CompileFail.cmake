# corps_compile_fail(<name> <message>): tests/compile_fail/<name>.cpp must compile as it is, and with CORPS_EXPECT_FAIL must
# not, with <message> (a regular expression) in what the compiler prints. The control is what keeps the test honest: a file
# that does not compile for some other reason fails here. Neither writes code, so that many of these stay cheap.
function(corps_compile_fail name message)
  if(NOT TARGET corps_compile_fail_probe)
    add_library(corps_compile_fail_probe OBJECT EXCLUDE_FROM_ALL "${PROJECT_SOURCE_DIR}/cmake/src.cpp")
    target_link_libraries(corps_compile_fail_probe PRIVATE corps_all)
    # What a compile of this target would be given, one option a line, for the compiler to read (@file).
    set(includes "$<REMOVE_DUPLICATES:$<TARGET_PROPERTY:corps_compile_fail_probe,INCLUDE_DIRECTORIES>>")
    set(includes "$<FILTER:${includes},EXCLUDE,^/usr/include$>")
    set(definitions "$<TARGET_PROPERTY:corps_compile_fail_probe,COMPILE_DEFINITIONS>")
    file(GENERATE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/compile_fail.options" CONTENT
"${CMAKE_CXX20_STANDARD_COMPILE_OPTION}
$<$<BOOL:${includes}>:-I\"$<JOIN:${includes},\"\n-I\">\"
>$<$<BOOL:${definitions}>:-D$<JOIN:${definitions},\n-D>
>")
  endif()
  add_test(NAME compile_fail.${name}
    COMMAND ${CMAKE_COMMAND}
      "-DCOMPILER=${CMAKE_CXX_COMPILER}"
      "-DOPTIONS=${CMAKE_CURRENT_BINARY_DIR}/compile_fail.options"
      "-DPRECOMPILED=${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/corps_tests.dir/cmake_pch.hxx"
      "-DSOURCE=${CMAKE_CURRENT_SOURCE_DIR}/compile_fail/${name}.cpp"
      "-DMESSAGE=${message}"
      -P "${PROJECT_SOURCE_DIR}/cmake/CompileFailRun.cmake")
  set_tests_properties(compile_fail.${name} PROPERTIES TIMEOUT 300 LABELS compile_fail)
endfunction()
