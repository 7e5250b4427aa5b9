# Sourced by scripts that build: as many jobs as there are processors, but no more than one for each 1.5 GB of memory
# (a file that uses all of corps takes about that much), and ccache where there is one. What is already set stays.
if [ -z "${CMAKE_BUILD_PARALLEL_LEVEL:-}" ]; then
  CMAKE_BUILD_PARALLEL_LEVEL=$(nproc)
  memory_jobs=$(awk '/^MemAvailable:/ { n = int($2 / 1500000); print (n < 1 ? 1 : n) }' /proc/meminfo)
  if [ "${memory_jobs:-1}" -lt "$CMAKE_BUILD_PARALLEL_LEVEL" ]; then
    CMAKE_BUILD_PARALLEL_LEVEL=${memory_jobs:-1}
  fi
  export CMAKE_BUILD_PARALLEL_LEVEL
fi
if [ -z "${CMAKE_CXX_COMPILER_LAUNCHER:-}" ] && command -v ccache >/dev/null 2>&1; then
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache
  export CCACHE_SLOPPINESS="${CCACHE_SLOPPINESS:-pch_defines,time_macros}" # else nothing over a precompiled header is kept
fi
