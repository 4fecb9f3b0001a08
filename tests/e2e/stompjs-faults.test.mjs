import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { decodeJwt, decodeProtectedHeader, SignJWT } from "jose";
import { startGateway } from "./lib/gateway.mjs";
import { StompPeer } from "./lib/stomp.mjs";
import { until } from "./lib/until.mjs";

const TIMEOUT = { timeout: 60_000 };
const MIB = 1024 * 1024;
const SUBSCRIPTIONS_MAX = 1000;

describe("faults are answered with one ERROR and a close code", () => {
  let gateway;
  const open = [];

  before(async () => {
    // Without the usual tolerance for clocks that differ, so that a token's end is at its time.
    gateway = await startGateway({ args: ["--FastPush:Jwt:ClockSkewSeconds=0"] });
  });

  after(async () => {
    await Promise.all(open.map((peer) => peer.disconnect()));
    await gateway?.kill();
  });

  async function connect(user, claims = { perSecond: 0 }) {
    const peer = await StompPeer.connect(gateway, await gateway.token(user, claims));
    open.push(peer);
    return peer;
  }

  /** Connects with a token that must not do, and returns the refusal. */
  async function refusedWith(token) {
    const peer = new StompPeer(gateway, token);
    open.push(peer);
    peer.client.activate();
    const refusal = await peer.refused();
    assert.equal(peer.connects.length, 0, "never CONNECTED");
    return refusal;
  }

  function assertRefused({ error, close }, code) {
    assert.ok(error, `an ERROR frame came before close ${close.code} ${close.reason}`);
    assert.ok(error.headers.message?.length > 0, "ERROR has a short message");
    const { message } = error.headers;
    assert.ok(error.body.length > message.length, `ERROR's body says more than “${message}”: “${error.body}”`);
    assert.equal(close.code, code, `${error.headers.message}: ${error.body}`);
  }

  test("a body over 1 MiB: 1009", TIMEOUT, async () => {
    const peer = await connect("too-big");
    peer.client.publish({ destination: "/topic/big", binaryBody: new Uint8Array(MIB + 1) });
    assertRefused(await peer.refused(), 1009);
    assert.equal(peer.errors.length, 1);
  });

  test("1000 subscriptions are served and the next is refused: 1008", TIMEOUT, async () => {
    const peer = await connect("collector");
    const got = new Set();
    for (let i = 0; i < SUBSCRIPTIONS_MAX - 1; i++) {
      peer.client.subscribe(`/topic/many.${i}`, () => got.add(i));
    }
    await peer.subscribe(`/topic/many.${SUBSCRIPTIONS_MAX - 1}`);
    for (const i of [0, 1, 499, 998]) {
      await peer.send(`/topic/many.${i}`, "x");
    }
    await until(() => got.size === 4, () => `messages of four subscriptions, have ${[...got]}`);

    const refused = await peer.subscribe("/topic/one-too-many").then(
      () => assert.fail("the 1001st subscription was accepted"),
      () => peer.refused(),
    );
    assertRefused(refused, 1008);
    assert.ok(refused.error.headers["receipt-id"], "the ERROR names the offender's receipt");
  });

  test("a destination outside the token's rights: 1008, for SUBSCRIBE and SEND", TIMEOUT, async () => {
    const claims = { subscribe: ["/topic/allowed.*"], publish: ["/topic/allowed.1"], perSecond: 0 };
    const allowed = await connect("limited", claims);
    const inbox = await allowed.subscribe("/topic/allowed.1");
    await allowed.send("/topic/allowed.1", "fine");
    await inbox.count(1);
    allowed.publish("/topic/allowed.2", "not fine");
    assertRefused(await allowed.refused(), 1008);

    const curious = await connect("limited", claims);
    curious.client.subscribe("/topic/secret", () => assert.fail("a message of a forbidden topic"));
    assertRefused(await curious.refused(), 1008);

    const own = await connect("limited", claims);
    await own.subscribe("/user/queue/anything");
  });

  test("a destination that is none: ERROR and a close", TIMEOUT, async () => {
    const peer = await connect("lost");
    peer.publish("nowhere", "x");
    const { error, close } = await peer.refused();
    assert.ok(error?.headers.message, "an ERROR came");
    assert.ok([1002, 1008].includes(close.code), `close ${close.code}`);
  });

  test("ACK with an id that no MESSAGE had, and UNSUBSCRIBE of nothing: 1002", TIMEOUT, async () => {
    const acker = await connect("confused");
    acker.client.ack("nonsense", "no-such-subscription");
    assertRefused(await acker.refused(), 1002);

    const leaver = await connect("confused");
    leaver.client.unsubscribe("no-such-subscription");
    assertRefused(await leaver.refused(), 1002);
  });

  test("a second ACK of the same message is no fault: the client could not know", TIMEOUT, async () => {
    const peer = await connect("twice");
    const inbox = await peer.subscribe("/topic/twice", { ack: "client-individual" });
    await peer.send("/topic/twice", "x");
    const message = await inbox.count(1);
    await peer.receipt((receipt) => message.ack({ receipt }));
    await peer.receipt((receipt) => message.ack({ receipt }));
    assert.deepEqual(peer.errors, []);
  });

  test("no token at all: 1008", TIMEOUT, async () => {
    assertRefused(await refusedWith(undefined), 1008);
  });

  test("a token that is none, and one with a broken signature: 1008", TIMEOUT, async () => {
    assertRefused(await refusedWith("not-a-token"), 1008);
    const token = await gateway.token("mallory");
    const [header, payload, signature] = token.split(".");
    const flipped = signature.startsWith("A") ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
    assertRefused(await refusedWith(`${header}.${payload}.${flipped}`), 1008);
    const claims = Buffer.from(payload, "base64url").toString().replace("mallory", "victim0");
    assertRefused(await refusedWith(`${header}.${Buffer.from(claims).toString("base64url")}.${signature}`), 1008);
  });

  test("tokens of another key, another algorithm, and none: 1008", TIMEOUT, async () => {
    const genuine = await gateway.token("mallory");
    const claims = decodeJwt(genuine);
    const { kid } = decodeProtectedHeader(genuine);
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const foreign = await new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid }).sign(privateKey);
    assertRefused(await refusedWith(foreign), 1008);
    const symmetric = await new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid }).sign(new Uint8Array(32));
    assertRefused(await refusedWith(symmetric), 1008);
    const none = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
    assertRefused(await refusedWith(`${none}.${genuine.split(".")[1]}.`), 1008);
  });

  test("a token that expires closes the live connection: 1008", TIMEOUT, async () => {
    const peer = await connect("mortal", { ttlSeconds: 12, perSecond: 0 });
    assertRefused(await peer.refused(45_000), 1008);
  });

  test("sending faster than the token bucket: 1008, after what it allows", TIMEOUT, async () => {
    const listener = await connect("witness");
    const inbox = await listener.subscribe("/topic/flood");
    const flooder = await connect("flooder", { burst: 20, perSecond: 1 });
    for (let i = 0; i < 200; i++) {
      flooder.publish("/topic/flood", `m${i}`);
    }
    assertRefused(await flooder.refused(), 1008);
    assert.equal(flooder.errors.length, 1);
    await inbox.count(20);
    assert.deepEqual(inbox.bodies.slice(0, 20), Array.from({ length: 20 }, (_, i) => `m${i}`));
    assert.ok(inbox.messages.length < 100, `the bucket of 20 let ${inbox.messages.length} through`);
  });

  test("the default bucket takes a burst of 100", TIMEOUT, async () => {
    const peer = await connect("sprinter", {});
    const inbox = await peer.subscribe("/topic/sprint");
    for (let i = 0; i < 100; i++) {
      peer.publish("/topic/sprint", "x");
    }
    await inbox.count(100);
    assert.deepEqual(peer.closes, []);
  });
});
