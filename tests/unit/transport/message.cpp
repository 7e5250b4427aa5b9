#include <corps/transport/detail/url.hpp>
#include <corps/transport/message.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

namespace transport_message_test {
namespace {

using namespace corps;

detail::HttpUrl parse(std::string const& url) { return detail::parseUrl(url, "GET /x"); }

std::string refusal(std::string const& url) {
    try {
        (void)parse(url);
    } catch (Error const& e) {
        if (e.is(Errc::invalidArgument) && e.diagnostics().endpoint == "GET /x") return e.message();
        return "another error";
    }
    return "none";
}

std::string wire(Request const& q) { return detail::serialize(q, parse(q.url), "agent/1"); }

bool refusedToSend(Request const& q) {
    try {
        (void)wire(q);
    } catch (Error const& e) {
        return e.is(Errc::invalidArgument) && std::string(e.what()).find("s3cret") == std::string::npos;
    }
    return false;
}

}  // namespace

TEST_CASE("message: header names are compared without case", "[transport]") {
    std::vector<Header> const headers{
        {"Content-Type", "text/plain"}, {"X-Empty", ""}, {"content-type", "second"}};
    CHECK(findHeader(headers, "CONTENT-TYPE") == "text/plain");
    CHECK(findHeader(headers, "x-empty").empty());
    CHECK(findHeader(headers, "Content").empty());
    CHECK(findHeader({}, "a").empty());
}

TEST_CASE("message: percent-encoding leaves unreserved characters only", "[transport]") {
    CHECK(percentEncode("aZ09-._~") == "aZ09-._~");
    CHECK(percentEncode(" /?&=%+") == "%20%2F%3F%26%3D%25%2B");
    CHECK(percentEncode("张") == "%E5%BC%A0");
    CHECK(percentEncode(std::string_view("\0\xff", 2)) == "%00%FF");
    CHECK(percentEncode("").empty());
}

TEST_CASE("message: a URL is taken apart", "[transport]") {
    auto const a = parse("https://Open.Feishu.CN/open-apis/x?page_size=50#part");
    CHECK(a.tls);
    CHECK(a.host == "open.feishu.cn");
    CHECK(a.port == 443);
    CHECK(a.authority == "open.feishu.cn");
    CHECK(a.target == "/open-apis/x?page_size=50");
    auto const b = parse("HTTP://127.0.0.1:8080?x=1");
    CHECK_FALSE(b.tls);
    CHECK(b.port == 8080);
    CHECK(b.authority == "127.0.0.1:8080");
    CHECK(b.target == "/?x=1");
    auto const c = parse("https://[::1]:443");
    CHECK(c.host == "::1");
    CHECK(c.authority == "[::1]");
    CHECK(c.target == "/");
}

TEST_CASE("message: a malformed URL is refused without being repeated", "[transport]") {
    for (char const* url :
         {"", "/relative", "ftp://host/", "https://", "https:///path", "https://user:s3cret@host/",
          "https://host:0/", "https://host:65536/", "https://host:/", "https://host:80a/", "https://[::1/",
          "https://[::1]x/", "https://ho st/", "https://host/a b", "https://host/\r\nX: y",
          "https://host/\xc3\xa9", "https://host%00.org/", "https://h\"st/"}) {
        INFO(url);
        std::string const text = refusal(url);
        CHECK(text.starts_with("the URL of the request "));
        CHECK(text.find("s3cret") == std::string::npos);
    }
}

TEST_CASE("message: a request as it goes over the wire", "[transport]") {
    Request q("GET", "https://host:8443/a?b=c", "GET /a");
    CHECK(wire(q) ==
          "GET /a?b=c HTTP/1.1\r\nHost: host:8443\r\nUser-Agent: agent/1\r\nAccept: */*\r\nAccept-Encoding: "
          "identity\r\n\r\n");
    q.method = "POST";
    q.headers.emplace_back("Authorization", "Bearer t");
    q.headers.emplace_back("user-agent", "mine");
    q.body = "{}";
    CHECK(wire(q) ==
          "POST /a?b=c HTTP/1.1\r\nHost: host:8443\r\nAuthorization: Bearer t\r\nuser-agent: mine\r\nAccept: "
          "*/*\r\nAccept-Encoding: "
          "identity\r\nContent-Length: 2\r\n\r\n{}");
    q.body.clear();
    CHECK(wire(q).find("Content-Length: 0\r\n") != std::string::npos);
}

TEST_CASE("message: nothing can be smuggled into a request", "[transport]") {
    Request const plain("GET", "https://host/", "GET /");
    for (char const* method : {"", "GET /evil HTTP/1.1\r\nX:", "G T"}) {
        Request q = plain;
        q.method = method;
        CHECK(refusedToSend(q));
    }
    for (auto const& header : {Header("X", "s3cret\r\nEvil: 1"), Header("X", std::string("s3cret\0", 7)),
                               Header("", "s3cret"), Header("A b", "s3cret"), Header("A:", "s3cret"),
                               Header("Host", "s3cret"), Header("content-length", "1"),
                               Header("Transfer-Encoding", "chunked"), Header("Connection", "close")}) {
        Request q = plain;
        q.headers.push_back(header);
        CHECK(refusedToSend(q));
    }
    Request q = plain;
    q.headers.emplace_back("X-Name", "张 with tab\t");
    CHECK_FALSE(refusedToSend(q));
}

}  // namespace transport_message_test
