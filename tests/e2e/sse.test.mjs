import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startGateway } from "./lib/gateway.mjs";
import { SsePeer } from "./lib/sse.mjs";
import { StompPeer } from "./lib/stomp.mjs";

const TIMEOUT = { timeout: 60_000 };

describe("server-sent events", () => {
  let gateway;
  let backend;
  let names = 0;
  const open = [];
  const fresh = (prefix) => `${prefix}-${++names}`;

  before(async () => {
    gateway = await startGateway();
    backend = await gateway.backendToken();
  });

  after(async () => {
    open.forEach((peer) => peer.close());
    await gateway?.kill();
  });

  async function listen(user, destinations, more = {}, options = {}) {
    const token = await gateway.token(user);
    const peer = await SsePeer.open(gateway, SsePeer.query(destinations, { token, ...more }), options);
    open.push(peer);
    return peer;
  }

  /** Publishes text and returns its message id. */
  async function publish(to, text) {
    const response = await gateway.publish(backend, { to, body: Buffer.from(text).toString("base64"), contentType: "text/plain" });
    assert.equal(response.status, 202, await response.clone().text());
    return (await response.json()).messageId;
  }

  test("a topic's messages arrive in order, each with its message id", TIMEOUT, async () => {
    const topic = fresh("news");
    const peer = await listen(fresh("reader"), [`/topic/${topic}`]);
    const ids = [];
    for (const text of ["one", "two", "три"]) {
      ids.push(await publish({ topic }, text));
    }
    await peer.count(3);
    assert.deepEqual(peer.events.map(({ id, data }) => ({ id, data })), [
      { id: ids[0], data: "one" },
      { id: ids[1], data: "two" },
      { id: ids[2], data: "три" },
    ]);
  });

  test("a user's queue: live messages, and first those that waited", TIMEOUT, async () => {
    const user = fresh("sleeper");
    await publish({ user }, "waited 1");
    await publish({ user }, "waited 2");
    const peer = await listen(user, ["/user/queue/messages"]);
    await peer.count(2);
    await publish({ user }, "live");
    await publish({ user: fresh("somebody-else") }, "not for you");
    await publish({ user }, "end");
    await peer.count(4);
    assert.deepEqual(peer.data, ["waited 1", "waited 2", "live", "end"]);
  });

  test("two destinations share one stream", TIMEOUT, async () => {
    const [user, topic] = [fresh("both"), fresh("both")];
    const peer = await listen(user, [`/topic/${topic}`, "/user/queue/alerts"]);
    await publish({ topic }, "to all");
    await publish({ user, queue: "alerts" }, "to you");
    await peer.count(2);
    assert.deepEqual(peer.data.toSorted(), ["to all", "to you"]);
  });

  test("bodies of several lines keep their lines", TIMEOUT, async () => {
    const topic = fresh("lines");
    const peer = await listen(fresh("reader"), [`/topic/${topic}`]);
    const bodies = ["a\nb\nc", "\n", "ends with a line\n", "data: id: 5\n\nevent: x", "", " leading space"];
    for (const body of bodies) {
      await publish({ topic }, body);
    }
    await peer.count(bodies.length);
    assert.deepEqual(peer.data, bodies);
  });

  test("JSON payloads arrive as JSON", TIMEOUT, async () => {
    const topic = fresh("json");
    const peer = await listen(fresh("reader"), [`/topic/${topic}`], {}, { types: ["message", "order.shipped"] });
    const payload = { text: "grüße\n👋", n: [1, 2.5, null, true] };
    const response = await gateway.publish(backend, { to: { topic }, type: "order.shipped", payload });
    assert.equal(response.status, 202, await response.clone().text());
    const event = await peer.count(1);
    assert.deepEqual(JSON.parse(event.data), payload);
    assert.equal(event.type, "order.shipped");
  });

  test("an event is named by its message's type, which cannot write lines of its own", TIMEOUT, async () => {
    const topic = fresh("types");
    const types = ["message", "binary", "wéird: name", "x  event: forged", "photo"];
    const peer = await listen(fresh("reader"), [`/topic/${topic}`], {}, { types });
    const bytes = Buffer.from([0xff, 0, 0xfe]).toString("base64");
    const sent = [
      [{ payload: 1 }, "message"],
      [{ type: "wéird: name", payload: 2 }, "wéird: name"],
      [{ body: bytes, contentType: "image/png" }, "binary"],
      [{ type: "photo", body: bytes, contentType: "image/png" }, "photo"],
    ];
    for (const [message] of sent) {
      const response = await gateway.publish(backend, { to: { topic }, ...message });
      assert.equal(response.status, 202, await response.clone().text());
    }
    // stompjs escapes the line end.
    const stomp = await StompPeer.connectUser(gateway, fresh("writer"));
    await stomp.send(`/topic/${topic}`, "5", { type: "x\r\nevent: forged" });
    await stomp.disconnect();
    sent.push([null, "x  event: forged"]);
    await peer.count(sent.length);
    assert.deepEqual(peer.events.map((event) => event.type), sent.map(([, type]) => type));
    assert.deepEqual(peer.data, ["1", "2", bytes, bytes, "5"]);
  });

  for (const kind of ["topic", "user"]) {
    test(`after a cut the stream of a ${kind} resumes by Last-Event-ID without loss or doubling`, TIMEOUT, async () => {
      const name = fresh(`resume-${kind}`);
      const to = { [kind]: name };
      const destination = kind === "topic" ? `/topic/${name}` : "/user/queue/messages";
      const peer = await listen(kind === "topic" ? fresh("reader") : name, [destination]);
      const ids = [await publish(to, "1"), await publish(to, "2")];
      await peer.count(2);

      peer.cut();
      for (const text of ["3", "4", "5"]) {
        ids.push(await publish(to, text));
      }
      await peer.resume();
      for (const text of ["6", "7"]) {
        ids.push(await publish(to, text));
      }
      await peer.count(7);
      // A sentinel: whatever came twice would have come before it.
      ids.push(await publish(to, "end"));
      await peer.count(8);
      assert.deepEqual(peer.data, ["1", "2", "3", "4", "5", "6", "7", "end"]);
      assert.deepEqual(peer.events.map((event) => event.id), ids);
      assert.equal(peer.attempts.at(-1)["Last-Event-ID"], ids[1]);
    });
  }

  test("?lastEventId= resumes too, and Last-Event-ID goes before it", TIMEOUT, async () => {
    const topic = fresh("history");
    const first = await listen(fresh("reader"), [`/topic/${topic}`]);
    const ids = [];
    for (const text of ["1", "2", "3", "4"]) {
      ids.push(await publish({ topic }, text));
    }
    await first.count(4);

    const byQuery = await listen(fresh("reader"), [`/topic/${topic}`], { lastEventId: ids[1] });
    await byQuery.count(2);
    const headers = { "Last-Event-ID": ids[2] };
    const byHeader = await listen(fresh("reader"), [`/topic/${topic}`], { lastEventId: ids[0] }, { headers });
    await byHeader.count(1);
    await publish({ topic }, "end");
    await byQuery.count(3);
    await byHeader.count(2);
    assert.deepEqual(byQuery.data, ["3", "4", "end"]);
    assert.deepEqual(byHeader.data, ["4", "end"]);
  });

  test("the Authorization header serves as well as ?token=", TIMEOUT, async () => {
    const topic = fresh("header");
    const headers = { Authorization: `Bearer ${await gateway.token("header-user")}` };
    const peer = await SsePeer.open(gateway, SsePeer.query([`/topic/${topic}`]), { headers });
    open.push(peer);
    await publish({ topic }, "seen");
    assert.equal((await peer.count(1)).data, "seen");
  });

  test("the answer is an event stream that no cache or proxy keeps", TIMEOUT, async () => {
    const abort = new AbortController();
    const token = await gateway.token("plain");
    const response = await fetch(`${gateway.url}/sse?destination=/topic/x&token=${token}`, { signal: abort.signal });
    assert.equal(response.status, 200);
    assert.match(response.headers.get("content-type"), /^text\/event-stream/);
    assert.match(response.headers.get("cache-control"), /no-cache|no-store/);
    abort.abort();
  });

  test("refusals are problem details: 401 for the token, 403 for the right, 400 for the destination", TIMEOUT, async () => {
    const limited = await gateway.token("limited", { subscribe: ["/topic/allowed.*"] });
    const cases = [
      ["/sse?destination=/topic/x", 401],
      ["/sse?destination=/topic/x&token=nonsense", 401],
      [`/sse?destination=/topic/secret&token=${limited}`, 403],
      [`/sse?token=${limited}`, 400],
      [`/sse?destination=nowhere&token=${limited}`, 400],
    ];
    for (const [path, status] of cases) {
      const response = await gateway.get(path);
      assert.equal(response.status, status, path.slice(0, 60));
      assert.match(response.headers.get("content-type"), /^application\/problem\+json/, path.slice(0, 60));
      const problem = await response.json();
      assert.equal(problem.status, status);
      assert.ok(problem.title.length > 0);
    }
  });
});
