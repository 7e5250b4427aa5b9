// The dispatcher of Feishu's official SDK for Node takes the events that the emulator sends.
// sdk: @larksuiteoapi/node-sdk@1.74.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import * as lark from '@larksuiteoapi/node-sdk';

const [address, file] = process.argv.slice(2);
const org = JSON.parse(readFileSync(file, 'utf8'));
const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };
const verificationToken = 'v-Tok3nV3rifyExample0000000000';
const encryptKey = 'kudPQjXm4xJqGZ7e2TnV';
const call = async (method, path, body) => {
  const answer = await fetch(`${address}/_emulator/${path}`, { method, body: body && JSON.stringify(body) });
  assert.equal(answer.status, 200, `${method} ${path}: ${await answer.clone().text()}`);
  return answer.json();
};
const callbacks = async () => {
  for (;;) {
    const now = await call('GET', 'callbacks');
    if (now.idle) return now.callbacks;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const seen = [];
const dispatcher = new lark.EventDispatcher({ encryptKey, verificationToken, logger: silent }).register({
  'contact.user.created_v3': (data) => void seen.push(['created', data.object.name, data.app_id]),
  'contact.user.updated_v3': (data) => void seen.push(['updated', data.object.name, data.old_object.name]),
  'contact.user.deleted_v3': (data) => void seen.push(['deleted', data.object.name, data.old_object.department_ids.length]),
  'contact.department.created_v3': (data) => void seen.push(['department', data.object.name, data.object.order]),
});
const server = http.createServer(lark.adaptDefault('/hook', dispatcher, { autoChallenge: true }));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${server.address().port}/hook`;

// The challenge, encrypted.
await call('POST', 'callback', { url, verificationToken, encryptKey });

const root = org.deptList.find((d) => d.parentId === '').deptId;
const gone = org.userList.pop();
org.userList[0].nick += ' 改';
org.userList.push({ memberId: 'sdk-new', nick: '新人', departments: [{ deptId: root }] });
org.deptList.push({ deptId: 'sdk-dept', parentId: root, name: '新部门', order: 7 });
const roles = (org.roleMemberSet ?? []).filter((r) => r.memberId !== gone.memberId);
for (const d of org.deptList) d.leaderIds = (d.leaderIds ?? []).filter((l) => l !== gone.memberId);
await call('PUT', 'org', { ...org, roleMemberSet: roles, adminIds: org.adminIds.filter((a) => a !== gone.memberId) });
const sent = await callbacks();
for (const each of sent.filter((c) => c.event.startsWith('contact.'))) {
  assert.equal(each.state, 'accepted', JSON.stringify(each.attempts));
}
const heard = (kind) => seen.filter((s) => s[0] === kind);
assert.deepEqual(heard('created'), [['created', '新人', process.env.SDK_APP_ID]]);
assert.deepEqual(heard('updated'), [['updated', org.userList[0].nick, org.userList[0].nick.slice(0, -2)]]);
assert.deepEqual(heard('deleted'), [['deleted', gone.nick, gone.departments.length]]);
assert.equal(heard('department').length, 1);

// What is signed wrongly reaches no handler.
const before = seen.length;
await call('POST', 'callback-faults', { kind: 'wrong-signature' });
org.userList[0].nick += '改';
await call('PUT', 'org', { ...org, roleMemberSet: roles, adminIds: org.adminIds.filter((a) => a !== gone.memberId) });
await callbacks();
assert.equal(seen.length, before);

server.close();
server.closeAllConnections();
console.log(`${seen.length} events taken, one with a wrong signature refused`);
