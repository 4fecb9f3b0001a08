// Prints JSON for the gateway's tests: key files and named tokens, made by an implementation of JOSE that is not ours.
// Usage: node make-tokens.mjs NOW   (NOW: Unix seconds that the tests' clock shows)
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { SignJWT, UnsecuredJWT, CompactSign, exportJWK, importPKCS8 } from 'jose';

const now = Number(process.argv[2]);
const rsaPair = () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { pkcs8: privateKey.export({ type: 'pkcs8', format: 'pem' }), publicKey };
};
const one = rsaPair();
const two = rsaPair();
const stranger = rsaPair();
const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;

const jwk = async (key, more) => ({ ...(await exportJWK(key)), ...more });
const jwkOne = await jwk(one.publicKey, { kid: 'one', use: 'sig', alg: 'RS256' });
const jwkTwo = await jwk(two.publicKey, { kid: 'two' });
const spki = one.publicKey.export({ type: 'spki', format: 'pem' });

const claims = (more = {}) => ({
  iss: 'https://issuer.example', aud: 'fastpush', sub: 'alice', iat: now, exp: now + 600,
  channels: { subscribe: ['/topic/room.*'], publish: ['/topic/room.1', '/user/*'] },
  ...more,
});
const without = (name) => { const c = claims(); delete c[name]; return c; };
const keys = async (alg) => ({ one: await importPKCS8(one.pkcs8, alg), two: await importPKCS8(two.pkcs8, alg) });
const rs256 = await keys('RS256');
const sign = (payload = claims(), header = {}, key = rs256.one, options = undefined) =>
  new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'one', ...header }).sign(key, options);
const swap = (token, part, change) => token.split('.').map((text, i) => (i === part ? change(text) : text)).join('.');
const edit = (change) => (text) => {
  const value = JSON.parse(Buffer.from(text, 'base64url'));
  change(value);
  return Buffer.from(JSON.stringify(value)).toString('base64url');
};
// The first character holds six bits of the first byte, so any other letter is another signature.
const flip = (text) => (text[0] === 'A' ? 'B' : 'A') + text.slice(1);

const good = await sign();
const tokens = {
  good,
  typed: await sign(claims(), { typ: 'at+jwt' }),
  second: await sign(claims(), { kid: 'two' }, rs256.two),
  noKid: await sign(claims(), { kid: undefined }),
  unknownKid: await sign(claims(), { kid: 'three' }),
  emptyKid: await sign(claims(), { kid: '' }),
  swappedKid: await sign(claims(), { kid: 'two' }, rs256.one),
  strangersKey: await sign(claims(), {}, await importPKCS8(stranger.pkcs8, 'RS256')),
  algNone: new UnsecuredJWT(claims()).encode(),
  algNoneWithSignature: swap(good, 0, edit((header) => { header.alg = 'none'; })),
  hs256WithPublicPem: await sign(claims(), { alg: 'HS256' }, new TextEncoder().encode(spki)),
  hs256WithModulus: await sign(claims(), { alg: 'HS256' }, Buffer.from(jwkOne.n, 'base64url')),
  rs512: await sign(claims(), { alg: 'RS512' }, (await keys('RS512')).one),
  ps256: await sign(claims(), { alg: 'PS256' }, (await keys('PS256')).one),
  ps256CalledRs256: swap(await sign(claims(), { alg: 'PS256' }, (await keys('PS256')).one), 0, edit((header) => { header.alg = 'RS256'; })),
  lowerCaseAlg: swap(good, 0, edit((header) => { header.alg = 'rs256'; })),
  tamperedPayload: swap(good, 1, edit((payload) => { payload.sub = 'mallory'; })),
  tamperedHeader: swap(good, 0, edit((header) => { header.typ = 'JWT'; })),
  tamperedSignature: swap(good, 2, flip),
  expired: await sign(claims({ exp: now - 31 })),
  expiredWithinSkew: await sign(claims({ exp: now - 29 })),
  notYetValid: await sign(claims({ nbf: now + 31 })),
  notYetValidWithinSkew: await sign(claims({ nbf: now + 30 })),
  futureIat: await sign(claims({ iat: now + 31 })),
  wrongIssuer: await sign(claims({ iss: 'https://issuer.example/' })),
  missingIssuer: await sign(without('iss')),
  wrongAudience: await sign(claims({ aud: 'fastpush2' })),
  missingAudience: await sign(without('aud')),
  audienceArray: await sign(claims({ aud: ['other', 'fastpush'] })),
  audienceArrayWithoutUs: await sign(claims({ aud: ['other', 'another'] })),
  audienceEmptyArray: await sign(claims({ aud: [] })),
  oversized: await sign(claims({ filler: 'x'.repeat(8192) })),
  missingSub: await sign(without('sub')),
  emptySub: await sign(claims({ sub: '' })),
  subWithSlash: await sign(claims({ sub: 'alice/queue' })),
  subWithControl: await sign(claims({ sub: 'alice\u0000' })),
  missingExp: await sign(without('exp')),
  expAsString: await new CompactSign(Buffer.from(JSON.stringify(claims({ exp: String(now + 600) }))))
    .setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(rs256.one),
  critHeader: await sign(
    claims(), { crit: ['urn:example:must'], 'urn:example:must': { crit: [] } }, rs256.one, { crit: { 'urn:example:must': true } }),
  unencodedPayload: await sign(claims(), { b64: true, crit: ['b64'] }),
  embeddedJwk: await sign(claims(), { kid: undefined, jwk: await jwk(stranger.publicKey) }, await importPKCS8(stranger.pkcs8, 'RS256')),
  embeddedJwkKnownKid: await sign(claims(), { jwk: await jwk(stranger.publicKey) }, await importPKCS8(stranger.pkcs8, 'RS256')),
  remoteKeys: await sign(claims(), { kid: 'three', jku: 'https://mallory.example/keys', x5u: 'https://mallory.example/x5u' },
    await importPKCS8(stranger.pkcs8, 'RS256')),
  ignoredHints: await sign(
    claims(), { jku: 'https://mallory.example/keys', x5u: 'https://mallory.example/x5u', jwk: await jwk(stranger.publicKey) }),
};

console.log(JSON.stringify({
  jwks: { keys: [
    await jwk(elliptic, { kid: 'elliptic' }), jwkOne, { ...jwkTwo, kid: 'sealing', use: 'enc' },
    { ...jwkTwo, kid: 'pss', alg: 'PS256' }, jwkTwo,
  ] },
  jwksOfOne: { keys: [jwkOne] },
  spki,
  pkcs1: createPublicKey(spki).export({ type: 'pkcs1', format: 'pem' }),
  privatePem: one.pkcs8,
  ellipticPem: elliptic.export({ type: 'spki', format: 'pem' }),
  tokens,
}));
