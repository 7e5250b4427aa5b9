#pragma once

#include "unit/emulator/raw_http.hpp"

#include <corps/emulator/feishu.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace emulator_test {

inline constexpr std::string_view kApp = "cli_a1b2c3d4e5f6a7b8";

inline std::string escape(std::string_view text) {
    static constexpr char kHex[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        out += '%';
        out += kHex[static_cast<unsigned char>(c) >> 4U];
        out += kHex[static_cast<unsigned char>(c) & 15U];
    }
    return out;
}

/** An app at work: one connection and a tenant token. */
class App {
public:
    explicit App(const corps::emulator::FeishuServer& server, std::string_view appId = kApp)
        : appId_(appId), connection_(server.port()) {
        login();
    }

    Answer token(std::string_view secret = "secret") {
        return connection_.call(
            "POST", "/open-apis/auth/v3/tenant_access_token/internal",
            "{\"app_id\":\"" + appId_ + "\",\"app_secret\":\"" + std::string(secret) + "\"}");
    }
    void login() { token_ = std::string(token().json().at("tenant_access_token").as_string()); }
    const std::string& current() const { return token_; }

    Answer get(std::string_view path) {
        return connection_.call("GET", path, {}, "Authorization: Bearer " + token_ + "\r\n");
    }
    Answer post(std::string_view path, std::string_view body) {
        return connection_.call("POST", path, body, "Authorization: Bearer " + token_ + "\r\n");
    }
    Connection& connection() { return connection_; }

    struct Listing {
        std::vector<boost::json::value> items;
        std::vector<std::size_t> pages;
    };
    /** All pages of a list. */
    Listing all(std::string path, std::string_view key = "items") {
        Listing out;
        path += path.find('?') == std::string::npos ? '?' : '&';
        std::string token;
        for (int i = 0; i < 100'000; ++i) {
            const auto answer = get(path + "page_token=" + escape(token));
            const auto json = answer.json();
            const auto& data = json.at("data").as_object();
            std::size_t count = 0;
            if (const auto* items = data.if_contains(key)) {
                for (const auto& item : items->as_array()) {
                    out.items.push_back(item);
                    ++count;
                }
            }
            out.pages.push_back(count);
            if (!data.at("has_more").as_bool()) {
                return out;
            }
            token = std::string(data.at("page_token").as_string());
        }
        throw std::runtime_error("a list without end");
    }

private:
    std::string appId_;
    Connection connection_;
    std::string token_;
};

inline std::vector<std::string> texts(const std::vector<boost::json::value>& items, std::string_view key) {
    std::vector<std::string> out;
    for (const auto& item : items) {
        out.emplace_back(item.at(key).as_string().c_str());
    }
    return out;
}

}  // namespace emulator_test
