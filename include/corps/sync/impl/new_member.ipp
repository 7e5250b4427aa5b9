#pragma once

#include <corps/error/error.hpp>
#include <corps/model/json.hpp>
#include <corps/sync/new_member.hpp>

#include <boost/json/object.hpp>

#include <string_view>
#include <utility>

namespace corps {

CORPS_DECL MemberUpdate memberUpdateFromJson(boost::json::object const& fields) {
    MemberUpdate out;
    std::string scratch;
    detail::JsonPlace const top;
    for (auto const& entry : fields) {
        std::string_view const key(entry.key().data(), entry.key().size());
        detail::JsonPlace const place{&top, key};
        auto const take = [&](auto& field) {
            detail::valueFromJson(entry.value(), field, false, place, scratch);
        };
        if (key == "nick") {
            take(out.nick);
        } else if (key == "phone") {
            take(out.phone);
        } else if (key == "email") {
            take(out.email);
        } else if (key == "photo") {
            take(out.photo);
        } else if (key == "gender") {
            take(out.gender);
        } else if (key == "extendConf") {
            take(out.extendConf);
        } else {
            Diagnostics d;
            d.place = key;
            throw Error(Errc::invalidArgument,
                        "this field of a member cannot be updated; expected nick, phone, email, photo, "
                        "gender or extendConf",
                        std::move(d));
        }
    }
    return out;
}

CORPS_DECL MemberStatus memberStatusOf(int number) {
    if (number != 1 && number != 2)
        throw Error(Errc::invalidArgument,
                    "status: expected " + std::string(namesOf(MemberStatus())) + ", found another number");
    return static_cast<MemberStatus>(number);
}

}  // namespace corps
