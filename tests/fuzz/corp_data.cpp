// Any bytes as an organisation file: refused with Error, or read, and then what is written reads back as the
// same.
#include <corps/error/error.hpp>
#include <corps/model/corp_data.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    corps::CorpData read;
    try {
        read = corps::parseCorpData({reinterpret_cast<char const*>(data), size});
    } catch (corps::Error const&) {
        return 0;
    }
    std::ostringstream first;
    writeJson(read, first);
    std::ostringstream second;
    writeJson(corps::parseCorpData(first.str()), second);
    if (first.str() != second.str()) {
        std::fputs("what was written reads back as something else\n", stderr);
        std::abort();
    }
    return 0;
}
