// WeCom's official package for callbacks reads what the emulator sends.
// sdk: @wecom/crypto@1.0.1
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import crypto from '@wecom/crypto';

const { decrypt, getSignature } = crypto;
const [address, file] = process.argv.slice(2);
const org = JSON.parse(readFileSync(file, 'utf8'));
const token = 'orgSyncToken01';
const aesKey = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8';
const call = async (method, path, body) => {
  const answer = await fetch(`${address}/_emulator/${path}`, { method, body: body && JSON.stringify(body) });
  assert.equal(answer.status, 200, `${method} ${path}: ${await answer.clone().text()}`);
  return answer.json();
};

const events = [];
const problems = [];
const server = http.createServer(async (request, response) => {
  try {
    let body = '';
    for await (const part of request) body += part;
    const query = new URL(request.url, 'http://localhost').searchParams;
    const encrypted = query.get('echostr') ?? /<Encrypt><!\[CDATA\[(.*?)\]\]><\/Encrypt>/.exec(body)[1];
    const signature = getSignature(token, query.get('timestamp'), query.get('nonce'), encrypted);
    assert.equal(query.get('msg_signature'), signature);
    const { message, id } = decrypt(aesKey, encrypted);
    assert.equal(id, process.env.SDK_CORP_ID);
    if (request.method === 'POST') events.push(message);
    response.end(request.method === 'GET' ? message : 'success');
  } catch (error) {
    problems.push(error);
    response.statusCode = 500;
    response.end();
  }
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
await call('POST', 'callback', { url: `http://127.0.0.1:${server.address().port}/`, token, aesKey });

const root = org.deptList.find((d) => d.parentId === '').deptId;
org.userList.push({ memberId: 'sdk.new', nick: '新人', departments: [{ deptId: root }] });
await call('PUT', 'org', org);
for (;;) {
  const { idle } = await call('GET', 'callbacks');
  if (idle) break;
  await new Promise((resolve) => setTimeout(resolve, 20));
}
assert.deepEqual(problems, []);
assert.equal(events.length, 1);
assert.match(events[0], /<ChangeType>create_user<\/ChangeType><UserID><!\[CDATA\[sdk.new\]\]><\/UserID>/);

server.close();
server.closeAllConnections();
console.log('the echo and the event read, with their signatures');
