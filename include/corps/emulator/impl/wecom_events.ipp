#pragma once

#include <corps/emulator/impl/callback_messages.hpp>
#include <corps/emulator/impl/fields.hpp>
#include <corps/emulator/impl/message_crypt.hpp>
#include <corps/emulator/impl/organisation_diff.hpp>
#include <corps/emulator/impl/visible_range.hpp>
#include <corps/emulator/impl/wecom_contacts.ipp>
#include <corps/emulator/impl/wecom_impl.ipp>
#include <corps/emulator/impl/xml_writer.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/**
 * @file
 * What WeCom tells of changes (document/path/90970 to 90973), how it is encrypted and sent (90968, 90930).
 */
namespace corps::emulator::detail::wecom {

/** Who gets events: an address, and what is said to it. */
struct Receiver {
    std::string url;
    std::shared_ptr<const MessageCrypt> crypt;
    std::string toUserName;     ///< an organisation, or a suite
    std::string agentId;        ///< of an app; empty: the element is absent, unless
    bool emptyAgentId = false;  ///< it is there all the same, as in what suites get
    std::string receiveId;      ///< at the end of what is encrypted
};

/** How long WeCom waits, and what it does then. */
struct Patience {
    std::chrono::milliseconds answer{5000};
    std::chrono::milliseconds echo{1000};
    std::uint32_t tries = 3;
    std::chrono::milliseconds wait{1000};  ///< before each further try; nobody knows how long
    bool freshTries = true;                ///< each try has a nonce, a time and a ciphertext of its own
};

/** The question whether an address may have events: a GET that is answered with the text alone. @param
 * receiveId What ends the ciphertext of the question, where it is another than that of events. */
inline CallbackJob questionJob(std::string name, const Receiver& to, const Patience& patience,
                               const std::string& receiveId) {
    CallbackJob job;
    job.receiver = std::move(name);
    job.event = "echostr";
    job.text = MessageCrypt::someDigits(19);
    job.timeout = patience.echo;
    job.connectTimeout = patience.echo;
    job.write = [to, receiveId, text = job.text](std::int64_t nowMs, CallbackSpoil) {
        const std::string timestamp = std::to_string(nowMs / 1000);
        const std::string nonce = MessageCrypt::someDigits(10);
        const std::string echo = to.crypt->encrypt(text, receiveId);
        CallbackMessage out;
        out.method = "GET";
        out.url = withQuery(to.url, "msg_signature=" + to.crypt->signature(timestamp, nonce, echo) +
                                        "&timestamp=" + timestamp + "&nonce=" + nonce +
                                        "&echostr=" + percentEncode(echo));
        return out;
    };
    job.judge = [text = job.text](int status, const std::string& body) -> std::string {
        if (status != 200) {
            return "expected HTTP status 200, found " + std::to_string(status);
        }
        return body == text ? "" : "expected the decrypted echostr and nothing else";
    };
    return job;
}

/** An event. @param answer The only text that will do; empty: any. */
inline CallbackJob eventJob(std::string name, const Receiver& to, std::string event, std::string xml,
                            const Patience& patience, std::string answer = "") {
    CallbackJob job;
    job.receiver = std::move(name);
    job.event = std::move(event);
    job.text = std::move(xml);
    job.timeout = patience.answer;
    job.connectTimeout = patience.answer;
    job.retries.assign(patience.tries > 0 ? patience.tries - 1 : 0, patience.wait);
    job.retryRefused = false;  // only for want of an answer
    job.write = [to, text = job.text](std::int64_t nowMs, CallbackSpoil spoil) {
        const std::string timestamp = std::to_string(nowMs / 1000);
        const std::string nonce = MessageCrypt::someDigits(10);
        std::string encrypted = to.crypt->encrypt(text, to.receiveId);
        if (spoil == CallbackSpoil::ciphertext) {
            garble(encrypted);
        }
        std::string signature = to.crypt->signature(timestamp, nonce, encrypted);
        if (spoil == CallbackSpoil::signature) {
            signature = wrongSignature(std::move(signature));
        }
        CallbackMessage out;
        out.url =
            withQuery(to.url, "msg_signature=" + signature + "&timestamp=" + timestamp + "&nonce=" + nonce);
        out.headers = {{"Content-Type", "text/xml"}};
        XmlWriter body;
        body.open("xml").text("ToUserName", to.toUserName);
        if (!to.agentId.empty() || to.emptyAgentId) {
            body.text("AgentID", to.agentId);
        }
        out.body = body.text("Encrypt", encrypted).close("xml").take();
        return out;
    };
    if (!patience.freshTries) {
        job.write = sameEachTime(std::move(job.write));
    }
    job.judge = [answer = std::move(answer)](int status, const std::string& body) -> std::string {
        if (status != 200) {
            return "expected HTTP status 200, found " + std::to_string(status);
        }
        return answer.empty() || body == answer ? "" : "expected the text " + answer;
    };
    return job;
}

/** One of the contact events, before encryption. */
struct ContactEvent {
    std::string changeType;
    std::string xml;
};

/** What contact events are made of, and for whom. */
struct ContactEvents {
    std::string corpId;
    std::int64_t atMs = 0;
    bool idsOnly = true;   ///< for addresses named since 2022-08-15
    bool bizMail = false;  ///< people have an address of the organisation
    std::string jobNumberName;
    /** Fields that are withheld, by the names of their elements; `DeptName` is that of departments. */
    std::vector<std::string> withheld;
    /** The id that the receiver knows a member by; none: the member's own. */
    std::function<std::string(const std::string& memberId)> userId;

    [[nodiscard]] std::string idOf(const std::string& memberId) const {
        return userId ? userId(memberId) : memberId;
    }
};

/** Departments by their numbers, with commas between them. */
template <class Items, class Text>
std::string withCommas(const Items& items, Text text) {
    std::string out;
    for (const auto& item : items) {
        out += out.empty() ? "" : ",";
        out += text(item);
    }
    return out;
}

/** An organisation, as somebody may see it. */
struct Sight {
    const WeComEnterprise& corp;
    const VisibleRange& range;

    [[nodiscard]] std::vector<Directory::Index> places(Directory::Index member) const {
        std::vector<Directory::Index> out;
        for (const Membership& place : corp.directory->member(member).departments) {
            out.push_back(corp.directory->findDept(place.deptId));
        }
        if (out.empty()) {
            out.push_back(corp.directory->root());
        }
        std::erase_if(out, [this](Directory::Index dept) { return !range.dept(dept); });
        return out;
    }
    [[nodiscard]] std::string departments(Directory::Index member) const {
        return withCommas(places(member), [this](auto dept) { return std::to_string(corp.deptIds[dept]); });
    }
    [[nodiscard]] std::string leadership(Directory::Index member) const {
        return withCommas(places(member), [&](auto dept) {
            const auto& leaders = corp.directory->leaders(dept);
            return std::find(leaders.begin(), leaders.end(), member) != leaders.end() ? "1" : "0";
        });
    }
    [[nodiscard]] std::string deptName(Directory::Index dept) const {
        const Organisation& organisation = corp.directory->organisation();
        return dept == corp.directory->root() && !organisation.corpName.empty()
                   ? organisation.corpName
                   : corp.directory->dept(dept).name;
    }
    [[nodiscard]] std::int64_t parentId(Directory::Index dept) const {
        const auto parent = corp.directory->parent(dept);
        return parent == Directory::kNone ? 0 : corp.deptIds[parent];
    }
    [[nodiscard]] std::vector<std::string> memberIds(const std::vector<Directory::Index>& members) const {
        std::vector<std::string> out;
        for (const auto member : members) {
            if (corp.directory->isActive(member) && range.member(member)) {
                out.push_back(corp.directory->member(member).memberId);
            }
        }
        std::sort(out.begin(), out.end());
        return out;
    }
};

/** An element of a member; whether it has a value. */
struct Element {
    std::string name;
    std::string xml;
    bool empty = false;
};

/** What is told of a member beside the id, in the order of WeCom's page. */
inline std::vector<Element> elements(const ContactEvents& to, const Sight& sight, Directory::Index index) {
    const Directory& directory = *sight.corp.directory;
    const Member& member = directory.member(index);
    std::vector<Element> out;
    const auto text = [&out](std::string_view name, const std::string& value) {
        out.push_back({std::string(name), XmlWriter().text(name, value).take(), value.empty()});
    };
    const auto number = [&out](std::string_view name, std::int64_t value) {
        out.push_back({std::string(name), XmlWriter().number(name, value).take(), false});
    };
    const auto leader = directLeader(directory, index);
    const auto main = mainDept(directory, index);
    const std::string mobile = mobileOf(member.phone);
    text("Name", member.nick);
    text("Department", sight.departments(index));
    if (sight.range.dept(main)) {
        number("MainDepartment", sight.corp.deptIds[main]);
    }
    text("IsLeaderInDept", sight.leadership(index));
    text("DirectLeader", leader != Directory::kNone && sight.range.member(leader)
                             ? to.idOf(directory.member(leader).memberId)
                             : std::string());
    text("Position", member.position);
    if (std::all_of(mobile.begin(), mobile.end(), [](char c) { return isAlnum(c) || c == '+'; })) {
        out.push_back({"Mobile", XmlWriter().plain("Mobile", mobile).take(), mobile.empty()});
    } else {
        text("Mobile", mobile);
    }
    number("Gender", member.gender == 1 || member.gender == 2 ? member.gender : 0);
    text("Email", member.email);
    text("BizMail", to.bizMail ? bizMailOf(member.memberId) : "");
    number("Status", statusOf(member));
    text("Avatar", member.photo);
    text("Alias", "");
    text("Telephone", "");
    text("Address", "");
    XmlWriter extra;
    const bool numbered = !member.jobNumber.empty() && !to.jobNumberName.empty();
    extra.open("ExtAttr");
    if (numbered) {
        extra.open("Item").text("Name", to.jobNumberName).number("Type", 0).open("Text");
        extra.text("Value", member.jobNumber).close("Text").close("Item");
    }
    out.push_back({"ExtAttr", extra.close("ExtAttr").take(), !numbered});
    std::erase_if(out, [&to](const Element& element) {
        return std::find(to.withheld.begin(), to.withheld.end(), element.name) != to.withheld.end();
    });
    return out;
}

/** The beginning of an event. */
inline XmlWriter eventHead(std::string_view corpId, std::string_view from, std::int64_t atMs,
                           std::string_view event) {
    XmlWriter out;
    out.open("xml").text("ToUserName", corpId).text("FromUserName", from);
    out.number("CreateTime", atMs / 1000).text("MsgType", "event").text("Event", event);
    return out;
}

inline XmlWriter contactHead(const ContactEvents& to, std::string_view changeType) {
    XmlWriter out = eventHead(to.corpId, "sys", to.atMs, "change_contact");
    if (changeType == "update_tag") {
        out.text("ChangeType", changeType);
    } else {
        out.plain("ChangeType", changeType);
    }
    return out;
}

/** Of a tag, who and what came in and fell out; nothing when nothing did. */
inline std::vector<ContactEvent> tagEvent(const ContactEvents& to, std::int64_t tagId,
                                          std::vector<std::string> usersWere,
                                          std::vector<std::string> usersAre,
                                          std::vector<std::string> partiesWere,
                                          std::vector<std::string> partiesAre) {
    XmlWriter xml = contactHead(to, "update_tag").number("TagId", tagId);
    bool any = false;
    const auto add = [&](std::string_view name, const std::vector<std::string>& now,
                         const std::vector<std::string>& before) {
        std::vector<std::string> only;
        std::set_difference(now.begin(), now.end(), before.begin(), before.end(), std::back_inserter(only));
        if (!only.empty()) {
            any = true;
            xml.text(name, withCommas(only, [](const std::string& id) { return id; }));
        }
    };
    for (auto* list : {&usersWere, &usersAre}) {
        std::transform(list->begin(), list->end(), list->begin(),
                       [&to](const std::string& id) { return to.idOf(id); });
    }
    for (auto* list : {&usersWere, &usersAre, &partiesWere, &partiesAre}) {
        std::sort(list->begin(), list->end());
    }
    add("AddUserItems", usersAre, usersWere);
    add("DelUserItems", usersWere, usersAre);
    add("AddPartyItems", partiesAre, partiesWere);
    add("DelPartyItems", partiesWere, partiesAre);
    if (!any) {
        return {};
    }
    return {{"update_tag", xml.close("xml").take()}};
}

/**
 * The contact events of a change: departments that appear, parents first; people; departments that go,
 * children first; tags.
 *
 * @param was What could be seen, and how it was. A member who comes into sight is created, one who gets out
 * of it is deleted; departments likewise.
 */
inline std::vector<ContactEvent> contactEvents(const ContactEvents& to, const Sight& was, const Sight& is,
                                               const MemberRenames& renames) {
    using Index = Directory::Index;
    const OrganisationDiff diff(*was.corp.directory, *is.corp.directory, renames, true);
    const bool tellsNames =
        std::find(to.withheld.begin(), to.withheld.end(), "DeptName") == to.withheld.end();
    std::vector<ContactEvent> out;
    const auto emit = [&out](std::string changeType, XmlWriter& xml) {
        out.push_back({std::move(changeType), xml.close("xml").take()});
    };
    const auto createParty = [&](Index dept) {
        XmlWriter xml = contactHead(to, "create_party");
        xml.number("Id", is.corp.deptIds[dept]);
        if (!to.idsOnly && tellsNames) {
            xml.text("Name", is.deptName(dept));
        }
        xml.text("ParentId", std::to_string(is.parentId(dept)));
        if (!to.idsOnly) {
            xml.number("Order", orderFrom(is.corp.directory->dept(dept).order));
        }
        emit("create_party", xml);
    };
    std::vector<std::pair<Index, Index>> kept;
    std::vector<Index> gone = diff.deptsRemoved;
    std::erase_if(gone, [&](Index dept) { return !was.range.dept(dept); });
    for (const auto& [before, now] : diff.deptsKept) {
        const bool saw = was.range.dept(before);
        const bool sees = is.range.dept(now);
        if (saw && sees) {
            kept.emplace_back(before, now);
        } else if (sees) {
            createParty(now);
        } else if (saw) {
            gone.insert(gone.begin(), before);
        }
    }
    for (const Index dept : diff.deptsAdded) {
        if (is.range.dept(dept)) {
            createParty(dept);
        }
    }
    for (const auto& [before, now] : kept) {
        const bool renamed = tellsNames && was.deptName(before) != is.deptName(now);
        const bool moved = was.parentId(before) != is.parentId(now);
        if (!(to.idsOnly ? moved : renamed || moved)) {
            continue;
        }
        XmlWriter xml = contactHead(to, "update_party");
        xml.number("Id", is.corp.deptIds[now]);
        if (renamed && !to.idsOnly) {
            xml.text("Name", is.deptName(now));
        }
        if (moved) {
            xml.text("ParentId", std::to_string(is.parentId(now)));
        }
        emit("update_party", xml);
    }

    const auto createUser = [&](Index member) {
        XmlWriter xml = contactHead(to, "create_user");
        xml.text("UserID", to.idOf(is.corp.directory->member(member).memberId));
        if (to.idsOnly) {
            xml.text("Department", is.departments(member));
        } else {
            for (const Element& element : elements(to, is, member)) {
                if (!element.empty) {
                    xml.raw(element.xml);
                }
            }
        }
        emit("create_user", xml);
    };
    const auto deleteUser = [&](Index member) {
        XmlWriter xml = contactHead(to, "delete_user");
        xml.text("UserID", to.idOf(was.corp.directory->member(member).memberId));
        emit("delete_user", xml);
    };
    for (const Index member : diff.membersAdded) {
        if (is.range.member(member)) {
            createUser(member);
        }
    }
    for (const auto& [before, now] : diff.membersKept) {
        const bool saw = was.range.member(before);
        const bool sees = is.range.member(now);
        if (!saw || !sees) {
            if (sees) {
                createUser(now);
            } else if (saw) {
                deleteUser(before);
            }
            continue;
        }
        const std::string& id = was.corp.directory->member(before).memberId;
        const std::string& newId = is.corp.directory->member(now).memberId;
        XmlWriter xml = contactHead(to, "update_user");
        xml.text("UserID", to.idOf(id));
        bool changed = id != newId;
        if (changed) {
            xml.text("NewUserID", to.idOf(newId));
        }
        if (to.idsOnly) {
            changed = changed || was.departments(before) != is.departments(now) ||
                      was.leadership(before) != is.leadership(now);
            xml.text("Department", is.departments(now));
        } else {
            const auto old = elements(to, was, before);
            for (const Element& element : elements(to, is, now)) {
                const auto same = [&element](const Element& each) { return each.xml == element.xml; };
                if (std::none_of(old.begin(), old.end(), same)) {
                    changed = true;
                    xml.raw(element.xml);
                }
            }
        }
        if (changed) {
            emit("update_user", xml);
        }
    }
    for (const Index member : diff.membersRemoved) {
        if (was.range.member(member)) {
            deleteUser(member);
        }
    }
    for (const Index dept : gone) {
        XmlWriter xml = contactHead(to, "delete_party");
        xml.number("Id", was.corp.deptIds[dept]);
        emit("delete_party", xml);
    }
    std::map<std::string, std::string> ids;  // of who has another one now
    for (const auto& [before, now] : diff.membersKept) {
        const std::string& id = was.corp.directory->member(before).memberId;
        if (const std::string& newId = is.corp.directory->member(now).memberId; newId != id) {
            ids.emplace(id, newId);
        }
    }
    for (const WeComEnterprise::Tag& tag : is.corp.tags) {
        std::vector<std::string> before = was.memberIds(was.corp.directory->roleMembers(tag.role->roleId));
        for (std::string& id : before) {
            if (const auto renamed = ids.find(id); renamed != ids.end()) {
                id = renamed->second;
            }
        }
        // Who has left altogether is told of already.
        std::erase_if(before, [&is](const std::string& id) {
            const Index member = is.corp.directory->findMember(id);
            return member == Directory::kNone || !is.corp.directory->isActive(member);
        });
        for (ContactEvent& event :
             tagEvent(to, tag.id, std::move(before),
                      is.memberIds(is.corp.directory->roleMembers(tag.role->roleId)), {}, {})) {
            out.push_back(std::move(event));
        }
    }
    return out;
}

}  // namespace corps::emulator::detail::wecom
