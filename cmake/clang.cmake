# The newest clang that the machine has under its versioned name: Debian's unversioned clang++ may be clang 14, which is
# too old. Another one: CXX=/path/to/clang++ cmake --preset asan.
if(NOT CMAKE_CXX_COMPILER)
  if(DEFINED ENV{CXX} AND "$ENV{CXX}" MATCHES "clang")
    set(CMAKE_CXX_COMPILER "$ENV{CXX}")
  else()
    find_program(CORPS_CLANG NAMES clang++-19 clang++-20 clang++-21 clang++-18 clang++-17 clang++-16 clang++ REQUIRED)
    set(CMAKE_CXX_COMPILER "${CORPS_CLANG}")
  endif()
endif()
