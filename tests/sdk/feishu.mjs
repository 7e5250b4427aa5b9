// Feishu's official SDK for Node, pointed at the emulator by its option `domain`.
// sdk: @larksuiteoapi/node-sdk@1.74.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as lark from '@larksuiteoapi/node-sdk';

const [address, file] = process.argv.slice(2);
const org = JSON.parse(readFileSync(file, 'utf8'));
const appId = process.env.SDK_APP_ID;
const appSecret = process.env.SDK_APP_SECRET;
const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };
const client = (options) => new lark.Client({ domain: address, logger: silent, ...options });
const stats = async () => (await fetch(`${address}/_emulator/stats`)).json();
const ids = { department_id_type: 'department_id', user_id_type: 'user_id', page_size: 50 };

// What the organisation file says. Its root department is the platform's "0".
const root = org.deptList.find((d) => d.parentId === '').deptId;
const id = (deptId) => (deptId === root ? '0' : deptId);
const expected = {
  departments: org.deptList.filter((d) => d.deptId !== root).map((d) => [d.deptId, id(d.parentId), d.name].join(' ')),
  members: org.userList.flatMap((u) => u.departments.map((d) => [id(d.deptId), u.memberId, u.nick].join(' '))),
};

// The same through the SDK, page by page; it gets its token itself.
assert.equal((await stats()).tokensIssued, 0);
const sdk = client({ appId, appSecret });
const seen = { departments: [], members: [] };
const depts = ['0'];
const pagesOfDepts = await sdk.contact.department.childrenWithIterator({
  path: { department_id: '0' },
  params: { ...ids, fetch_child: true },
});
for await (const page of pagesOfDepts) {
  for (const d of page?.items ?? []) {
    seen.departments.push([d.department_id, d.parent_department_id, d.name].join(' '));
    depts.push(d.department_id);
  }
}
for (const dept of depts) {
  const pages = await sdk.contact.user.findByDepartmentWithIterator({ params: { ...ids, department_id: dept } });
  for await (const page of pages) {
    for (const u of page?.items ?? []) seen.members.push([dept, u.user_id, u.name].join(' '));
  }
}
for (const key of ['departments', 'members']) assert.deepEqual(seen[key].sort(), expected[key].sort(), key);
assert.equal((await stats()).tokensIssued, 1, 'one token is enough for all');

// A token of the emulator is accepted from the SDK, another one is refused.
const answer = await fetch(`${address}/open-apis/auth/v3/tenant_access_token/internal`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ app_id: appId, app_secret: appSecret }),
});
const token = (await answer.json()).tenant_access_token;
const bare = client({ appId: 'cli_other', appSecret: 'none', disableTokenCache: true });
const user = { path: { user_id: org.userList[0].memberId }, params: { user_id_type: 'user_id' } };
const found = await bare.contact.user.get(user, lark.withTenantToken(token));
assert.equal(found.data.user.name, org.userList[0].nick);
const codeOf = async (call) => {
  try {
    return (await call()).code;
  } catch (error) {
    return error.response?.data?.code ?? error;
  }
};
assert.equal(await codeOf(() => bare.contact.user.get(user, lark.withTenantToken('t-none'))), 99991663);

// An application that the emulator does not know gets no token, and so no answer. (The SDK keeps tokens by appId.)
const stranger = client({ appId: 'cli_stranger', appSecret });
await assert.rejects(stranger.contact.user.get(user), /10014/);

console.log(`${seen.departments.length} departments, ${seen.members.length} memberships, as in the organisation file`);
