// A program's server at its callback address: what came in becomes the request that the program hands on, and
// what is answered goes out.
#pragma once

#include <corps/callback/request.hpp>
#include <corps/emulator/http_server.hpp>

#include <utility>

namespace support {

/** @param handler what has a `handleCallback`: a corp or a suite. */
template <class Handler>
corps::emulator::HttpReply handOn(Handler& handler, corps::emulator::HttpRequest const& received) {
    corps::CallbackRequest request(received.method, received.target, received.body);
    for (auto const& [name, value] : received.headers) request.headers.emplace_back(name, value);
    corps::CallbackResponse answer = handler.handleCallback(request);
    corps::emulator::HttpReply out;
    out.status = answer.status;
    out.contentType = std::move(answer.contentType);
    out.body = std::move(answer.body);
    return out;
}

}  // namespace support
