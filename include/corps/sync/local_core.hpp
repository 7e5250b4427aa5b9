#pragma once

#include <corps/auth/local_auth.hpp>
#include <corps/detail/config.hpp>
#include <corps/sync/corp_core.hpp>
#include <corps/sync/organisation_edits.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace corps {

/** What stands behind a Corp that is edited here. Passwords are hashed outside of transactions. */
class LocalCore final : public CorpCore {
public:
    CORPS_DECL LocalCore(CorpConfig config, Context context, std::unique_ptr<Store> store,
                         RecordTables const& tables, PasswordScheme passwords);
    CORPS_DECL ~LocalCore() override;

    /** Calls f in one transaction, in the name of `caller`; what f throws undoes it. */
    CORPS_DECL void change(std::string const& caller, FunctionRef<void(OrganisationEdits&)> f);

    /** Makes the root department and the first member of the business file, where that was not done. */
    CORPS_DECL void init(std::string const& caller);

    /** Sees the new members, in the order given, before the transaction ends. */
    using MemberReceiver = FunctionRef<void(CorpReader const&, std::vector<MemberId> const&)>;
    CORPS_DECL void addMembers(std::string const& caller, std::vector<NewMember> const& members,
                               MemberReceiver done);
    CORPS_DECL void join(std::string const& caller, std::string_view username, std::string_view password,
                         std::string_view nick, MemberReceiver done);

    using SignInReceiver = FunctionRef<void(CorpReader const&, UserId const&, MemberId const&)>;
    CORPS_DECL void verifyPassword(std::string_view username, std::string_view password, SignInReceiver done);
    CORPS_DECL void setPassword(std::string const& caller, UserId const& userId, std::string_view password,
                                std::string_view username);

private:
    void requirePasswords() const;
    [[nodiscard]] std::int64_t now() const;
    [[nodiscard]] PasswordHash hash(std::string_view password) const;
    [[nodiscard]] PreparedPassword prepare(NewMember const& member);
    void add(std::string const& caller, std::vector<NewMember> const& members, bool toRoot,
             MemberReceiver done);

    PasswordScheme passwords_;
};

[[nodiscard]] CORPS_DECL std::shared_ptr<LocalCore> makeLocalCore(CorpConfig config, Context context,
                                                                  std::unique_ptr<Store> store,
                                                                  RecordTables const& tables,
                                                                  PasswordScheme passwords);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/local_core.ipp>
#endif
