import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A key that outlives a gateway: one of the Development environment makes a key of its own with each start. */
export class TokenKey {
  #key;

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    this.#key = privateKey;
    const path = join(mkdtempSync(join(tmpdir(), "fastpush-")), "public.pem");
    writeFileSync(path, publicKey.export({ type: "spki", format: "pem" }));
    this.args = [`--FastPush:Jwt:PublicKeyPath=${path}`, "--FastPush:Jwt:Issuer=e2e", "--FastPush:Jwt:Audience=push"];
  }

  /** A token that may do everything, at any rate. */
  token(user) {
    const exp = Math.floor(Date.now() / 1000) + 900;
    const channels = { subscribe: ["/topic/*"], publish: ["/topic/*", "/user/*"] };
    const claims = { iss: "e2e", aud: "push", sub: user, exp, channels, rate: { burst: 100, perSecond: 0 } };
    const text = `${encode({ alg: "RS256", typ: "JWT" })}.${encode(claims)}`;
    return `${text}.${sign("sha256", Buffer.from(text), this.#key).toString("base64url")}`;
  }
}
