// With CORPS_BOOST_JSON_HEADER_ONLY no Boost library is linked: the program compiles Boost.JSON, in one file.
#include <boost/json/src.hpp>
