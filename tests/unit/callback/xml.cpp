// The reader of WeCom's small XML: what it takes, and what it refuses.
#include <corps/callback/xml.hpp>
#include <corps/error/error.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>

namespace callback_xml_test {

using namespace corps;

TEST_CASE("elements, CDATA and plain text alike, nested, without the white space at their ends",
          "[callback]") {
    XmlElement const xml = readXml(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xml>\n"
        "<InfoType> <![CDATA[suite_ticket]]></InfoType>\n"  // with a space, as WeCom's own sample has it
        "<CreateTime>\t1700000001\n</CreateTime>\n"
        "<Name><![CDATA[张三 <b> & ]]]]><![CDATA[>]]></Name>"
        "<Plain>a &lt;&amp;&gt; &quot;b&quot; &apos;</Plain>"
        "<ExtraInfo></ExtraInfo><None/><None2 />"
        "<BatchJob ><JobId>1</JobId><JobId>2</JobId></BatchJob >\n</xml>\n");
    CHECK(xml.name == "xml");
    CHECK(xml.text.empty());
    REQUIRE(xml.children.size() == 8);
    CHECK(xml.textOf("InfoType") == "suite_ticket");
    CHECK(xml.textOf("CreateTime") == "1700000001");
    CHECK(xml.textOf("Name") == "张三 <b> & ]]>");
    CHECK(xml.textOf("Plain") == "a <&> \"b\" '");
    REQUIRE(xml.child("ExtraInfo") != nullptr);
    CHECK(xml.textOf("ExtraInfo").empty());
    CHECK(xml.child("None") != nullptr);
    CHECK(xml.child("None2") != nullptr);
    CHECK(xml.child("Absent") == nullptr);
    CHECK(xml.textOf("Absent").empty());
    REQUIRE(xml.child("BatchJob") != nullptr);
    CHECK(xml.child("BatchJob")->children.size() == 2);
    CHECK(xml.child("BatchJob")->textOf("JobId") == "1");
}

TEST_CASE("anything else in a document is refused, and the refusal shows nothing of it", "[callback]") {
    char const* const documents[] = {
        "",
        "   ",
        "secretive",
        "<xml>",
        "<xml><a></xml></a>",
        "<xml></Xml>",
        "</xml>",
        "<xml></xml>secretive",
        "<xml></xml><xml></xml>",
        "secretive<xml></xml>",
        "<![CDATA[secretive]]><xml></xml>",
        "<xml></xml><![CDATA[]]>",
        "<xml><a>1</a>secretive</xml>",
        "<xml>secretive<a/></xml>",
        "<xml><a>1</a><![CDATA[secretive]]></xml>",
        "<xml a=\"secretive\"></xml>",
        "<xml><!-- secretive --></xml>",
        "<!DOCTYPE xml [<!ENTITY s \"secretive\">]><xml>&s;</xml>",
        "<!DOCTYPE xml SYSTEM \"file:///etc/passwd\"><xml></xml>",
        "<xml><!ENTITY s \"secretive\"></xml>",
        "<xml>&secretive;</xml>",
        "<xml>&#65;</xml>",
        "<xml>&amp</xml>",
        "<xml>a & b</xml>",
        "<xml><?php secretive ?></xml>",
        " <?xml version=\"1.0\"?><xml></xml>",
        "<?xml version=\"1.0\"<xml></xml>",
        "<xml><![CDATA[secretive</xml>",
        "<xml><![CDAT[secretive]]></xml>",
        "<xml",
        "<xml/",
        "<",
        "<>",
        "</>",
        "<xml><>secretive</></xml>",
        "<xml><a b></a b></xml>",
        "<xml>< a></a></xml>",
        "<名></名>",
    };
    for (char const* const document : documents) {
        INFO(document);
        try {
            (void)readXml(document);
            FAIL("was read");
        } catch (Error const& e) {
            CHECK(e.is(Errc::protocol));
            CHECK(std::string(e.what()).find("secretive") == std::string::npos);
        }
    }
    CHECK_THROWS_AS(readXml(std::string("<xml>\0</xml>", 12)), Error);
}

TEST_CASE("depth and size have limits, and a deep document costs no stack", "[callback]") {
    auto const nested = [](std::size_t depth) {
        std::string out;
        for (std::size_t i = 0; i < depth; ++i) out += "<a>";
        for (std::size_t i = 0; i < depth; ++i) out += "</a>";
        return out;
    };
    CHECK(readXml(nested(16)).children.size() == 1);
    CHECK_THROWS_AS(readXml(nested(17)), Error);
    CHECK_THROWS_AS(readXml(nested(100'000)), Error);
    CHECK(readXml("<a>" + std::string(93, 'x') + "</a>", XmlLimits{100, 1}).text.size() == 93);
    CHECK_THROWS_AS(readXml("<a>" + std::string(94, 'x') + "</a>", XmlLimits{100, 1}), Error);
    CHECK_THROWS_AS(readXml("<a><b/></a>", XmlLimits{100, 1}), Error);
}

}  // namespace callback_xml_test
