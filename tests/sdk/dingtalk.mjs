// DingTalk's official SDK for Node (the v1.0 family), pointed at the emulator by its option `endpoint`: tokens, login, who
// left.
// sdk: @alicloud/dingtalk@2.2.27
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const oauth = require('@alicloud/dingtalk/oauth2_1_0');
const contact = require('@alicloud/dingtalk/contact_1_0');
const hrm = require('@alicloud/dingtalk/hrm_1_0');
const OpenApi = require('@alicloud/openapi-client');
const Util = require('@alicloud/tea-util');

const base = new URL(process.argv[2]);
const control = (path, method = 'GET', body) =>
    fetch(new URL('/_emulator/' + path, base), { method, body: body && JSON.stringify(body) }).then(r => r.json());
const config = () => {
    const c = new OpenApi.Config({});
    c.protocol = base.protocol.slice(0, -1);
    c.regionId = 'central';
    c.endpoint = base.host;
    return c;
};
const runtime = new Util.RuntimeOptions({});
const headers = (type, token) => new type({ xAcsDingtalkAccessToken: token });

// A token, twice the same one; and both ways to ask for it.
const tokens = new oauth.default(config());
const key = { appKey: process.env.SDK_APP_ID, appSecret: process.env.SDK_APP_SECRET };
const first = (await tokens.getAccessToken(new oauth.GetAccessTokenRequest(key))).body;
assert.equal(first.expireIn, 7200);
assert.equal((await tokens.getAccessToken(new oauth.GetAccessTokenRequest(key))).body.accessToken, first.accessToken);
const corpId = (await control('org')).corpId || 'ding0';
const unified = (await tokens.getToken(corpId, new oauth.GetTokenRequest({
    clientId: key.appKey, clientSecret: key.appSecret, grantType: 'client_credentials' }))).body;
assert.equal(unified.accessToken, first.accessToken);

const contacts = new contact.default(config());
const auth = (await contacts.getOrgAuthInfoWithOptions(
    new contact.GetOrgAuthInfoRequest({}), headers(contact.GetOrgAuthInfoHeaders, first.accessToken), runtime)).body;
assert.equal(typeof auth.orgName, 'string');
assert.equal(auth.authLevel, 1);

// Permission missing: the client reads code and accessDeniedDetail.
await control('behaviour', 'PUT', { permissions: [] });
await assert.rejects(contacts.getOrgAuthInfoWithOptions(
    new contact.GetOrgAuthInfoRequest({}), headers(contact.GetOrgAuthInfoHeaders, first.accessToken), runtime),
    error => {
        assert.equal(error.code, 'Forbidden.AccessDenied.AccessTokenPermissionDenied');
        assert.deepEqual(error.accessDeniedDetail, { requiredScopes: ['Contact.Org.Read'] });
        return true;
    });
await control('behaviour', 'PUT', { permissions: ['qyapi_base', 'Contact.Org.Read', 'Contact.User.Read', 'Contact.User.mobile',
    'Contact.Common.Read', 'open_app_api_base', 'qyapi_hrm_read_user'] });
await assert.rejects(contacts.getOrgAuthInfoWithOptions(
    new contact.GetOrgAuthInfoRequest({}), headers(contact.GetOrgAuthInfoHeaders, 'wrong'), runtime),
    error => error.code === 'InvalidAuthentication');

// Login.
const authorize = new URL('/oauth2/auth', base);
authorize.search = new URLSearchParams({ client_id: key.appKey, redirect_uri: 'https://app.example.com/cb',
    response_type: 'code', scope: 'openid corpid', state: 'x y', prompt: 'consent' });
const location = new URL((await fetch(authorize, { redirect: 'manual' })).headers.get('location'));
assert.equal(location.searchParams.get('state'), 'x y');
const exchange = code => tokens.getUserToken(new oauth.GetUserTokenRequest({
    clientId: key.appKey, clientSecret: key.appSecret, code, grantType: 'authorization_code' }));
const user = (await exchange(location.searchParams.get('authCode'))).body;
assert.equal(typeof user.refreshToken, 'string');
await assert.rejects(exchange(location.searchParams.get('authCode')),
    error => error.code === 'invalidParameter.authCode.notFound');
const me = (await contacts.getUserWithOptions('me', headers(contact.GetUserHeaders, user.accessToken), runtime)).body;
assert.equal(typeof me.unionId, 'string');
assert.equal(typeof me.nick, 'string');

// Who has left, in pages.
const org = await control('org');
const gone = org.userList.slice(-60);
for (const member of gone) {
    member.status = 2;
}
await control('org', 'PUT', org);
let records = [];
for (let nextToken = '0'; nextToken;) {
    const page = (await contacts.listEmpLeaveRecordsWithOptions(new contact.ListEmpLeaveRecordsRequest({
        startTime: new Date(Date.now() - 86400000).toISOString().slice(0, 19) + 'Z', nextToken, maxResults: 50 }),
        headers(contact.ListEmpLeaveRecordsHeaders, first.accessToken), runtime)).body;
    records.push(...page.records);
    nextToken = page.nextToken;
}
assert.deepEqual(records.map(r => r.userId).sort(), gone.map(m => m.memberId).sort());
const left = new hrm.default(config());
const page = (await left.queryDismissionStaffIdListWithOptions(
    new hrm.QueryDismissionStaffIdListRequest({ nextToken: 0, maxResults: 50 }),
    headers(hrm.QueryDismissionStaffIdListHeaders, first.accessToken), runtime)).body;
assert.equal(page.userIdList.length, 50);
assert.equal(page.hasMore, true);
console.log(`v1.0: ${me.nick} logged in, ${records.length} people left`);
