#pragma once

#include <corps/error/error.hpp>
#include <corps/sync/local_authority.hpp>

namespace corps::detail {

CORPS_DECL void initLocalCorp(CorpCore& core, std::string const& caller) {
    if (core.config().business.contains("firstMember")) {
        Diagnostics d;
        d.corp = core.config().fullName;
        d.place = core.config().place() + ": firstMember";
        throw Error(Errc::unsupported, "this version cannot make members; leave `firstMember` out",
                    std::move(d));
    }
    bool there = false;
    core.read([&](CorpReader const& r) { there = !r.rootDeptId().empty(); });
    if (there) return;
    DeptId const id(core.context().newId());
    core.edit(caller, [&](LocalEdits& edits) { edits.ensureRoot(id, core.config().title); });
}

}  // namespace corps::detail
