// Names without bodies, for headers that only mention them. Includes nothing of Boost.
#pragma once

#include <cstdint>

namespace corps {

// error
enum class Errc;
struct Diagnostics;
class Error;

// model
template <class Kind>
class Id;
using DeptId = Id<struct DeptIdKind>;
using MemberId = Id<struct MemberIdKind>;
using UserId = Id<struct UserIdKind>;
using RoleId = Id<struct RoleIdKind>;
using RoleGroupId = Id<struct RoleGroupIdKind>;
template <class T>
class Field;
class Date;
class JsonText;
class Cell;
class OwnedCell;
enum class MemberStatus : std::uint8_t;
enum class Gender : std::uint8_t;
enum class StatusFilter : std::uint8_t;
enum class UpstreamTable : std::uint8_t;
struct CorpAdmin;
struct CorpDept;
struct CorpDeptLeader;
struct CorpDeptLimit;
struct CorpDeptMember;
struct CorpMember;
struct CorpRole;
struct CorpRoleGroup;
struct CorpRoleMember;
struct User;
struct ThirdAuth;
struct PasswordAuth;
struct StandardRecords;
struct TableSchema;
struct RecordTables;
struct CorpData;
template <class Records>
struct BasicLocalCorpData;
using LocalCorpData = BasicLocalCorpData<StandardRecords>;

// context, transport
class Context;
class Channel;

// sync
struct SyncOptions;
struct SyncPlan;
struct SyncReport;

template <class Auth, class Client, class Storage, class Sync>
class Corp;

}  // namespace corps
