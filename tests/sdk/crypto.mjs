// WeCom's message cryptography by its own npm package reads what ours writes, and ours reads what it writes.
// sdk: @wecom/crypto@1.0.1
import * as wecom from '@wecom/crypto';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

const [, , program] = process.argv;
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const word = (n) => Array.from(randomBytes(n), (b) => letters[b % letters.length]).join('');
const hex = (text) => 'x' + Buffer.from(text, 'utf8').toString('hex');
const fail = (what) => {
  console.log(what);
  process.exit(1);
};

// Texts of every length around the blocks, in Chinese too; keys with spare bits set, as consoles make them.
const cases = [];
for (let n = 0; n < 300; ++n)
  cases.push({
    token: word(1 + (n % 32)),
    key: word(43),
    id: n % 3 ? 'ww' + word(16) : 'dk' + word(n % 20),
    text: n % 2 ? 'x'.repeat(n) : '<xml><Name>' + '张三'.repeat(n % 40) + '</Name></xml>',
    timestamp: String(1700000000 + n),
    nonce: word(1 + (n % 12)),
  });
const ours = (lines) => {
  const out = spawnSync(program, { input: lines.join('\n') + '\n', maxBuffer: 1 << 26 });
  if (out.status !== 0) fail('our program failed: ' + out.stderr);
  return String(out.stdout).trimEnd().split('\n');
};

const written = ours(cases.map((c) => ['encrypt', c.token, c.key, c.timestamp, c.nonce, hex(c.id), hex(c.text)].join(' ')));
cases.forEach((c, i) => {
  const [encrypted, signature] = written[i].split(' ');
  if (wecom.getSignature(c.token, c.timestamp, c.nonce, encrypted) !== signature) fail(`case ${i}: another signature`);
  const read = wecom.decrypt(c.key, encrypted);
  if (read.message !== c.text || read.id !== c.id) fail(`case ${i}: read otherwise than we wrote`);
});

const theirs = cases.map((c) => {
  const encrypted = wecom.encrypt(c.key, c.text, c.id);
  const signature = wecom.getSignature(c.token, c.timestamp, c.nonce, encrypted);
  return ['decrypt', c.token, c.key, c.timestamp, c.nonce, signature, encrypted].join(' ');
});
ours(theirs).forEach((line, i) => {
  if (line !== hex(cases[i].id) + ' ' + hex(cases[i].text)) fail(`case ${i}: we read otherwise than it wrote: ${line}`);
});
// A bit of the signature turned: ours refuses.
const forged = theirs.map((line) => {
  const at = line.split(' ');
  at[5] = (at[5][0] === '0' ? '1' : '0') + at[5].slice(1);
  return at.join(' ');
});
if (ours(forged).some((line) => line !== 'refused')) fail('a wrong signature was taken');
console.log(`${cases.length} messages in both directions`);
