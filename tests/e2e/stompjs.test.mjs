import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { startGateway } from "./lib/gateway.mjs";
import { StompPeer } from "./lib/stomp.mjs";

const TIMEOUT = { timeout: 60_000 };
const MIB = 1024 * 1024;

describe("stompjs with its defaults", () => {
  let gateway;
  const open = [];

  before(async () => {
    gateway = await startGateway();
  });

  after(async () => {
    await Promise.all(open.map((peer) => peer.disconnect()));
    await gateway?.kill();
  });

  async function connect(user, config) {
    const peer = await StompPeer.connectUser(gateway, user, config);
    open.push(peer);
    return peer;
  }

  // Each test has a topic and users of its own, so that none hears another.
  let names = 0;
  const fresh = (prefix) => `${prefix}-${++names}`;

  for (const version of ["1.2", "1.1", "1.0"]) {
    test(`connects by v${version.replace(".", "")}.stomp and echoes`, TIMEOUT, async () => {
      const peer = await connect(fresh("versions"), { stompVersions: StompPeer.version(version) });
      assert.equal(peer.client.connectedVersion, version);
      assert.equal(peer.client.webSocket.protocol, `v${version.replace(".", "")}.stomp`);

      const inbox = await peer.subscribe(`/topic/${fresh("echo")}`);
      const destination = `/topic/echo-${names}`;
      await peer.send(destination, `hello ${version}`);
      const message = await inbox.count(1);
      assert.equal(message.body, `hello ${version}`);
      assert.equal(message.headers.destination, destination);
      assert.equal(message.headers.subscription, inbox.subscription.id);
      assert.match(message.headers["message-id"], /^\d+$/);
    });
  }

  test("agrees on heart-beats", TIMEOUT, async () => {
    const peer = await connect(fresh("heart"));
    assert.equal(peer.connects[0].headers["heart-beat"], "10000,10000");
  });

  test("a topic reaches both of two clients, with id, length and time", TIMEOUT, async () => {
    const [alice, bob] = [await connect(fresh("alice")), await connect(fresh("bob"))];
    const topic = `/topic/${fresh("room")}`;
    const [atAlice, atBob] = [await alice.subscribe(topic), await bob.subscribe(topic)];

    const sentAt = Date.now();
    await alice.send(topic, "grüße 👋", { "content-type": "text/plain" });
    const [first, second] = [await atAlice.count(1), await atBob.count(1)];
    assert.equal(first.body, "grüße 👋");
    assert.equal(second.body, "grüße 👋");
    assert.equal(first.headers["message-id"], second.headers["message-id"]);
    assert.equal(first.headers["content-type"], "text/plain");
    assert.equal(first.headers["content-length"], String(Buffer.byteLength("grüße 👋")));
    assert.equal(first.headers.redelivered, undefined);
    const timestamp = Number(first.headers.timestamp);
    assert.ok(timestamp >= sentAt - 1000 && timestamp <= Date.now() + 1000, `timestamp ${timestamp}, sent at ${sentAt}`);
  });

  test("one sender's messages keep their order and ids rise", TIMEOUT, async () => {
    const [sender, receiver] = [await connect(fresh("orderly")), await connect(fresh("reader"))];
    const topic = `/topic/${fresh("order")}`;
    const inbox = await receiver.subscribe(topic);
    const bodies = Array.from({ length: 500 }, (_, i) => `m${i}`);
    bodies.forEach((body) => sender.publish(topic, body));
    await inbox.count(bodies.length);
    assert.deepEqual(inbox.bodies, bodies);
    const ids = inbox.messages.map((message) => BigInt(message.headers["message-id"]));
    assert.ok(ids.every((id, i) => i === 0 || id > ids[i - 1]), "message ids rise");
  });

  test("a message to a user reaches all of that user's connections and nobody else", TIMEOUT, async () => {
    const [target, other] = [fresh("target"), fresh("other")];
    const sender = await connect(fresh("sender"));
    const [one, two, stranger] = [await connect(target), await connect(target), await connect(other)];
    const queue = "/user/queue/messages";
    const inboxes = [await one.subscribe(queue), await two.subscribe(queue)];
    const strangers = await stranger.subscribe(queue);

    await sender.send(`/user/${target}/queue/messages`, "for you");
    await sender.send(`/user/${other}/queue/messages`, "for the other");
    for (const inbox of inboxes) {
      const message = await inbox.count(1);
      assert.equal(message.body, "for you");
      assert.equal(message.headers.destination, queue);
    }
    await strangers.count(1);
    assert.deepEqual(strangers.bodies, ["for the other"]);
  });

  test("after UNSUBSCRIBE nothing more comes", TIMEOUT, async () => {
    const peer = await connect(fresh("leaver"));
    const topic = `/topic/${fresh("left")}`;
    const [left, kept] = [await peer.subscribe(topic), await peer.subscribe(topic)];
    await peer.send(topic, "both");
    await left.count(1);
    await peer.unsubscribe(left);
    await peer.send(topic, "one");
    await kept.count(2);
    assert.deepEqual(left.bodies, ["both"]);
    assert.deepEqual(kept.bodies, ["both", "one"]);
  });

  test("NACK brings the message again with redelivered:true, ACK ends it", TIMEOUT, async () => {
    const peer = await connect(fresh("acker"));
    const topic = `/topic/${fresh("work")}`;
    const inbox = await peer.subscribe(topic, { ack: "client-individual" });
    await peer.send(topic, "job");
    const first = await inbox.count(1);
    assert.ok(first.headers.ack, "the ack header is there in STOMP 1.2");
    assert.equal(first.headers.redelivered, undefined);
    first.nack();
    const second = await inbox.count(2);
    assert.equal(second.body, "job");
    assert.equal(second.headers["message-id"], first.headers["message-id"]);
    assert.equal(second.headers.redelivered, "true");
    await peer.receipt((receipt) => second.ack({ receipt }));
    await peer.send(topic, "next");
    await inbox.count(3);
    assert.deepEqual(inbox.bodies, ["job", "job", "next"]);
  });

  test("ack: client acknowledges all before it; the window lets more through only then", TIMEOUT, async () => {
    const peer = await connect(fresh("window"));
    const topic = `/topic/${fresh("window")}`;
    const inbox = await peer.subscribe(topic, { ack: "client", "prefetch-count": "2" });
    for (const body of ["1", "2", "3", "4"]) {
      await peer.send(topic, body);
    }
    await inbox.count(2);
    // The receipts of four SENDs are back and a window of two is full: a third message would have come before them.
    assert.deepEqual(inbox.bodies, ["1", "2"]);
    inbox.messages[1].ack();
    await inbox.count(4);
    assert.deepEqual(inbox.bodies, ["1", "2", "3", "4"]);
  });

  test("a transaction sends at COMMIT and not at all after ABORT", TIMEOUT, async () => {
    const peer = await connect(fresh("banker"));
    const topic = `/topic/${fresh("ledger")}`;
    const inbox = await peer.subscribe(topic);

    const aborted = peer.client.begin();
    peer.publish(topic, "never", { transaction: aborted.id });
    aborted.abort();
    const committed = peer.client.begin();
    peer.publish(topic, "second", { transaction: committed.id });
    peer.publish(topic, "third", { transaction: committed.id });
    await peer.send(topic, "first");
    committed.commit();
    await inbox.count(3);
    await peer.send(topic, "last");
    await inbox.count(4);
    assert.deepEqual(inbox.bodies, ["first", "second", "third", "last"]);
  });

  test("binary bodies with NUL octets come back octet for octet", TIMEOUT, async () => {
    const peer = await connect(fresh("binary"));
    const topic = `/topic/${fresh("binary")}`;
    const inbox = await peer.subscribe(topic);
    const bodies = [
      Uint8Array.from([0]),
      Uint8Array.from([0, 0, 10, 13, 0, 255, 254, 0]),
      Uint8Array.from({ length: 256 }, (_, i) => i),
      new Uint8Array(randomBytes(70_000)),
    ];
    for (const body of bodies) {
      await peer.send(topic, body, { "content-type": "application/octet-stream" });
    }
    await inbox.count(bodies.length);
    inbox.messages.forEach((message, i) => assert.deepEqual(Buffer.from(message.binaryBody), Buffer.from(bodies[i])));
  });

  test("an empty body and a body of exactly 1 MiB come back whole", TIMEOUT, async () => {
    const peer = await connect(fresh("big"));
    const topic = `/topic/${fresh("big")}`;
    const inbox = await peer.subscribe(topic);
    const big = new Uint8Array(randomBytes(MIB));
    await peer.send(topic, "");
    await peer.send(topic, big);
    await inbox.count(2);
    assert.equal(inbox.messages[0].binaryBody.length, 0);
    assert.ok(Buffer.from(inbox.messages[1].binaryBody).equals(Buffer.from(big)), "the megabyte is the same");
  });

  test("the sender's own headers come back, whatever octets they hold", TIMEOUT, async () => {
    const peer = await connect(fresh("headers"));
    const topic = `/topic/${fresh("headers")}`;
    const inbox = await peer.subscribe(topic);
    // No backslash stands before n, r or c: stompjs 7.5.0 unescapes in turns and would read a line end there; it escapes no names.
    const headers = {
      "x-colon": "a:b::c",
      "x-lines": "one\ntwo\r\nthree",
      "x-backslash": "C:\\temp\\data\\",
      "x-unicode": "Ключ 鍵 🔑",
      "x-empty": "",
    };
    await peer.send(topic, "body", headers);
    const message = await inbox.count(1);
    for (const [name, value] of Object.entries(headers)) {
      assert.equal(message.headers[name], value, name);
    }
  });

  test("what is sent to an absent user waits, in order, and comes before live messages", TIMEOUT, async () => {
    const absent = fresh("absent");
    const sender = await connect(fresh("patient"));
    const destination = `/user/${absent}/queue/messages`;
    for (const body of ["1", "2", "3", "4", "5"]) {
      await sender.send(destination, body);
    }
    const late = await connect(absent);
    // Live messages race the subscription on purpose: none may overtake what waits.
    const live = ["6", "7", "8"].map((body) => sender.send(destination, body));
    const inbox = await late.subscribe("/user/queue/messages");
    await Promise.all(live);
    await inbox.count(8);
    assert.deepEqual(inbox.bodies, ["1", "2", "3", "4", "5", "6", "7", "8"]);
  });

  test("what a user did not acknowledge comes again on the next connection", TIMEOUT, async () => {
    const user = fresh("forgetful");
    const sender = await connect(fresh("sender"));
    const first = await connect(user);
    const inbox = await first.subscribe("/user/queue/tasks", { ack: "client-individual" });
    for (const body of ["done", "open"]) {
      await sender.send(`/user/${user}/queue/tasks`, body);
    }
    await inbox.count(2);
    await first.receipt((receipt) => inbox.messages[0].ack({ receipt }));
    await first.disconnect();

    const second = await connect(user);
    const again = await second.subscribe("/user/queue/tasks", { ack: "client-individual" });
    const message = await again.count(1);
    assert.equal(message.body, "open");
    assert.equal(message.headers.redelivered, "true");
    await sender.send(`/user/${user}/queue/tasks`, "new");
    await again.count(2);
    assert.deepEqual(again.bodies, ["open", "new"]);
  });

  test("every frame that asks for a receipt gets it, DISCONNECT too", TIMEOUT, async () => {
    const peer = await connect(fresh("receipts"));
    const topic = `/topic/${fresh("receipts")}`;
    const inbox = await peer.subscribe(topic, { ack: "client-individual" });
    await peer.receipt((receipt) => peer.client.publish({ destination: topic, body: "x", headers: { receipt } }));
    const message = await inbox.count(1);
    await peer.receipt((receipt) => message.ack({ receipt }));
    await peer.unsubscribe(inbox);
    await peer.disconnect();
    assert.deepEqual(peer.closes.map((close) => close.code), [1000]);
    assert.deepEqual(peer.errors, []);
  });
});
