// What a program pays anyway when it uses Boost.JSON and coroutines.
#include <boost/asio/awaitable.hpp>
#include <boost/json.hpp>

int main() {}
