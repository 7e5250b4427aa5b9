#pragma once

#include <corps/error/error.hpp>
#include <corps/sync/erasure.hpp>
#include <corps/sync/impl/corp_core.ipp>

namespace corps {

CORPS_DECL void eraseMember(CorpCore& core, MemberId const& id) {
    core.edit("", [&](LocalEdits& edits) { edits.reader().requireMember(id.view()); });
}

CORPS_DECL void eraseCorp(CorpCore& core) {
    core.read([](CorpReader const&) {});
}

}  // namespace corps
