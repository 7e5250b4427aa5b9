#pragma once

#include <corps/sync/detail/binding.hpp>

#include <array>

namespace corps {
namespace detail {

CORPS_DECL Binding Users::find(std::string_view memberId, std::string linked, std::string_view unionId,
                               bool otherPerson) const {
    Binding out;
    out.userId = std::move(linked);
    std::array<Cell, 3> const key{Cell::text(platform_), Cell::text(corpId_), Cell::text(memberId)};
    out.auth = findRow(rows_, *t_.thirdAuth, key);
    if (out.userId.empty() && !out.auth.empty() && !otherPerson)
        out.userId = out.auth[c_.thirdAuth.userId].bytes();
    if (unionId.empty()) return out;
    std::array<Cell, 2> const byUnion{Cell::text(platform_), Cell::text(unionId)};
    rows_.forEach(*t_.thirdAuth, c_.thirdAuthByUnion, byUnion, [&](std::span<Cell const> row) {
        std::string_view const user = row[c_.thirdAuth.userId].bytes();
        if (user.empty()) return true;
        out.byUnion = user;
        return user == out.userId;  // two users of one union id: the other one is to be told
    });
    if (out.userId.empty()) out.userId = out.byUnion;
    return out;
}

CORPS_DECL bool Users::any() const {
    std::array<Cell, 1> const prefix{Cell::text(platform_)};
    bool out = false;
    rows_.forEach(*t_.thirdAuth, 0, prefix, [&out](std::span<Cell const>) {
        out = true;
        return false;
    });
    return out;
}

CORPS_DECL Row Users::stored(std::string const& userId) const {
    std::array<Cell, 1> const key{Cell::text(userId)};
    return findRow(rows_, *t_.user, key);
}

CORPS_DECL std::vector<Cell> Users::userRow(std::string const& userId, UserProfile const& profile,
                                            Row const& stored) const {
    bool const fresh = stored.empty();
    bool const ours = fresh || stored[c_.user.createdBy].bytes() == corp_;
    std::array<std::pair<std::size_t, Cell>, 4> const fields{
        std::pair(c_.user.nick, profile.nick), std::pair(c_.user.phone, profile.phone),
        std::pair(c_.user.email, profile.email), std::pair(c_.user.photo, profile.photo)};
    std::vector<Cell> row(t_.user->columns.size());
    row[c_.user.userId] = Cell::text(userId);
    bool changes = fresh;
    for (auto const& [column, value] : fields) {
        if (value.isNull() || (!ours && !stored[column].isNull())) continue;
        if (!fresh && stored[column].view() == value) continue;
        row[column] = value;
        changes = true;
    }
    if (!changes) return {};
    if (fresh) {
        row[c_.user.createdBy] = Cell::text(corp_);
        row[c_.user.createdAt] = Cell::integer(now_);
    }
    row[c_.user.updatedAt] = Cell::integer(now_);
    return row;
}

CORPS_DECL std::vector<Cell> Users::authRow(std::string_view memberId, std::string const& userId,
                                            Cell unionId) const {
    std::vector<Cell> row(t_.thirdAuth->columns.size());
    row[c_.thirdAuth.platform] = Cell::text(platform_);
    row[c_.thirdAuth.thirdCorpId] = Cell::text(corpId_);
    row[c_.thirdAuth.thirdUserId] = Cell::text(memberId);
    row[c_.thirdAuth.userId] = Cell::text(userId);
    row[c_.thirdAuth.unionId] = unionId;
    return row;
}

}  // namespace detail
}  // namespace corps
