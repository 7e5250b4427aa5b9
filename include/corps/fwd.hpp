#pragma once

/**
 * @file
 * Names of the library, declared and not defined, and the official types: for headers that only pass them on.
 * Needs nothing but the standard library's own names.
 */
namespace corps {

class CallbackRequest;
class CallbackResponse;
class Context;
class CorpConfig;
class Error;
class MemoryStorage;
class HttpsTransport;
class SqliteStorage;

struct CorpAdmin;
struct CorpData;
struct CorpDept;
struct CorpDeptLeader;
struct CorpDeptLimit;
struct CorpDeptMember;
struct CorpMember;
struct CorpRole;
struct CorpRoleGroup;
struct CorpRoleMember;
struct StandardRecords;
struct SyncOptions;
struct SyncPlan;
struct SyncReport;

struct NoAuth;
struct NoUpstream;
struct PasswordLogin;
class DDAuth;
class DDCallbacks;
struct DDInnerClient;
class FSAuth;
class FSCallbacks;
struct FSInnerClient;
class QywxAuth;
class QywxCallbacks;
struct QywxInnerClient;
class QywxProxyAuth;
class QywxProxyCallbacks;
struct QywxProxyClient;
template <class Client, class Transport>
struct Over;
template <class Records>
struct Mirror;
template <class Records>
struct LocalAuthority;
template <class AuthPolicy, class ClientPolicy, class StoragePolicy, class SyncPolicy>
class Corp;
template <class... Types>
class App;

/** `corps.FSInnerType`: mirrors a Feishu or Lark organisation through a self-built application. */
template <class Transport, class Storage, class Records = StandardRecords>
using FSInnerType = Corp<FSAuth, Over<FSInnerClient, Transport>, Storage, Mirror<Records>>;

/** `corps.DDInnerType`: mirrors a DingTalk organisation through a self-built application. */
template <class Transport, class Storage, class Records = StandardRecords>
using DDInnerType = Corp<DDAuth, Over<DDInnerClient, Transport>, Storage, Mirror<Records>>;

/** `corps.QywxInnerType`: mirrors a WeCom organisation through a self-built application. */
template <class Transport, class Storage, class Records = StandardRecords>
using QywxInnerType = Corp<QywxAuth, Over<QywxInnerClient, Transport>, Storage, Mirror<Records>>;

/** `corps.QywxProxyType`: mirrors a WeCom organisation through an application that a service provider runs
 * for it. The provider's side is Suite (<corps/suite.hpp>). */
template <class Transport, class Storage, class Records = StandardRecords>
using QywxProxyType = Corp<QywxProxyAuth, Over<QywxProxyClient, Transport>, Storage, Mirror<Records>>;

/** `corps.NormalType`: an organisation that is edited here. Needs <corps/crypto/password.hpp>, for passwords.
 */
template <class Storage, class Records = StandardRecords>
using NormalType = Corp<PasswordLogin, NoUpstream, Storage, LocalAuthority<Records>>;

}  // namespace corps
