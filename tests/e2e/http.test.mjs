import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startGateway } from "./lib/gateway.mjs";
import { StompPeer } from "./lib/stomp.mjs";
import { until } from "./lib/until.mjs";

const TIMEOUT = { timeout: 60_000 };

describe("the HTTP side", () => {
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
    await Promise.all(open.map((peer) => peer.disconnect()));
    await gateway?.kill();
  });

  async function connect(user) {
    const peer = await StompPeer.connectUser(gateway, user);
    open.push(peer);
    return peer;
  }

  async function accepted(message) {
    const response = await gateway.publish(backend, message);
    assert.equal(response.status, 202, await response.clone().text());
    return response.json();
  }

  async function assertProblem(response, status) {
    const text = await response.text();
    assert.equal(response.status, status, text);
    assert.match(response.headers.get("content-type"), /^application\/problem\+json/);
    const problem = JSON.parse(text);
    assert.equal(problem.status, status);
    assert.ok(problem.title.length > 0);
    return problem;
  }

  /** What became of a message, as the list of its recipients' states. */
  async function states(id) {
    const response = await gateway.get(`/api/v1/messages/${id}/deliveries`, { Authorization: `Bearer ${backend}` });
    assert.equal(response.status, 200, await response.clone().text());
    const { deliveries } = await response.json();
    return deliveries.map((delivery) => delivery.state);
  }

  async function untilState(id, state) {
    let last = [];
    await until(
      async () => {
        last = await states(id);
        return last.length > 0 && last.every((each) => each === state);
      },
      () => `message ${id} is ${state}, it is ${last}`,
    );
  }

  test("a JSON payload published over HTTP arrives over STOMP", TIMEOUT, async () => {
    const [user, topic] = [fresh("user"), fresh("topic")];
    const peer = await connect(user);
    const [atTopic, atQueue] = [await peer.subscribe(`/topic/${topic}`), await peer.subscribe("/user/queue/orders")];
    const payload = { order: 4711, note: "grüße\n👋", big: 12345678901234567000 };

    const toTopic = await accepted({ to: { topic }, type: "order.shipped", payload });
    const toUser = await accepted({ to: { user, queue: "orders" }, type: "order.shipped", payload });
    assert.match(toTopic.messageId, /^\d+$/);
    for (const [inbox, id] of [[atTopic, toTopic.messageId], [atQueue, toUser.messageId]]) {
      const message = await inbox.count(1);
      assert.deepEqual(JSON.parse(message.body), payload);
      assert.match(message.headers["content-type"], /^application\/json/);
      assert.equal(message.headers["message-id"], id);
      assert.equal(message.headers.type, "order.shipped");
    }
  });

  test("a base64 body arrives as its octets, with its content type", TIMEOUT, async () => {
    const topic = fresh("octets");
    const inbox = await (await connect(fresh("user"))).subscribe(`/topic/${topic}`);
    const octets = Buffer.from([0, 1, 2, 0, 255, 10, 13]);
    await accepted({ to: { topic }, body: octets.toString("base64"), contentType: "application/x-octets" });
    const message = await inbox.count(1);
    assert.deepEqual(Buffer.from(message.binaryBody), octets);
    assert.equal(message.headers["content-type"], "application/x-octets");
  });

  test("several users each get their copy", TIMEOUT, async () => {
    const users = [fresh("member"), fresh("member")];
    const inboxes = [];
    for (const user of users) {
      inboxes.push(await (await connect(user)).subscribe("/user/queue/messages"));
    }
    await accepted({ to: { users }, payload: "hi" });
    for (const inbox of inboxes) {
      assert.equal(JSON.parse((await inbox.count(1)).body), "hi");
    }
  });

  test("an array publishes a batch, in order", TIMEOUT, async () => {
    const topic = fresh("batch");
    const inbox = await (await connect(fresh("user"))).subscribe(`/topic/${topic}`);
    const response = await gateway.publish(backend, [1, 2, 3].map((payload) => ({ to: { topic }, payload })));
    assert.equal(response.status, 202, await response.clone().text());
    const answer = await response.json();
    await inbox.count(3);
    assert.deepEqual(inbox.bodies, ["1", "2", "3"]);
    assert.deepEqual(answer.map((each) => each.messageId), inbox.messages.map((message) => message.headers["message-id"]));
  });

  test("a batch with one bad message publishes nothing", TIMEOUT, async () => {
    const topic = fresh("atomic");
    const inbox = await (await connect(fresh("user"))).subscribe(`/topic/${topic}`);
    await assertProblem(await gateway.publish(backend, [{ to: { topic }, payload: 1 }, { to: {}, payload: 2 }]), 400);
    await accepted({ to: { topic }, payload: "sentinel" });
    await inbox.count(1);
    assert.deepEqual(inbox.bodies, ['"sentinel"']);
  });

  test("an idempotency key publishes once and answers the same id", TIMEOUT, async () => {
    const topic = fresh("once");
    const inbox = await (await connect(fresh("user"))).subscribe(`/topic/${topic}`);
    const message = { to: { topic }, payload: "once", idempotencyKey: fresh("key") };
    const [first, second] = [await accepted(message), await accepted(message)];
    assert.equal(second.messageId, first.messageId);
    await accepted({ to: { topic }, payload: "other", idempotencyKey: fresh("key") });
    await inbox.count(2);
    assert.deepEqual(inbox.bodies, ['"once"', '"other"']);
  });

  test("deliveries: queued while the user is away, delivered when sent, acked when acknowledged", TIMEOUT, async () => {
    const [away, careful] = [fresh("away"), fresh("careful")];
    const waiting = await accepted({ to: { user: away }, payload: 1 });
    await untilState(waiting.messageId, "queued");
    const inbox = await (await connect(away)).subscribe("/user/queue/messages");
    await inbox.count(1);
    await untilState(waiting.messageId, "delivered");

    const tasks = await (await connect(careful)).subscribe("/user/queue/messages", { ack: "client-individual" });
    const task = await accepted({ to: { user: careful }, payload: 2 });
    const message = await tasks.count(1);
    await untilState(task.messageId, "delivered");
    message.ack();
    await untilState(task.messageId, "acked");
  });

  test("a message whose time is over is expired and never delivered", TIMEOUT, async () => {
    const user = fresh("slow");
    const short = await accepted({ to: { user }, payload: "stale", ttlSeconds: 1 });
    await accepted({ to: { user }, payload: "fresh", ttlSeconds: 600 });
    const born = Date.now();
    await until(() => Date.now() - born > 1500, "the second of life to pass");
    const inbox = await (await connect(user)).subscribe("/user/queue/messages");
    await inbox.count(1);
    assert.deepEqual(inbox.bodies, ['"fresh"']);
    await untilState(short.messageId, "expired");
  });

  test("unknown message: 404", TIMEOUT, async () => {
    const headers = { Authorization: `Bearer ${backend}` };
    await assertProblem(await gateway.get("/api/v1/messages/1/deliveries", headers), 404);
  });

  test("refusals of a publish are problem details that name the fault", TIMEOUT, async () => {
    const to = { topic: "x" };
    const reader = await gateway.token("reader", { publish: ["/topic/allowed"] });
    await assertProblem(await gateway.publish(backend, "{not json"), 400);
    await assertProblem(await gateway.publish(backend, ""), 400);
    await assertProblem(await gateway.publish(backend, { to }), 400);
    await assertProblem(await gateway.publish(backend, { payload: 1 }), 400);
    await assertProblem(await gateway.publish(backend, { to, body: "!!! not base64", contentType: "text/plain" }), 400);
    await assertProblem(await gateway.publish(backend, { to, payload: 1, ttlSeconds: -5 }), 400);
    const unknown = await assertProblem(await gateway.publish(backend, { to, payload: 1, prioritty: "high" }), 400);
    assert.match(JSON.stringify(unknown), /prioritty/);
    await assertProblem(await gateway.publish(reader, { to, payload: 1 }), 403);
    await assertProblem(await gateway.publish("nonsense", { to, payload: 1 }), 401);
    const anonymous = await fetch(`${gateway.url}/api/v1/messages`, { method: "POST", body: "{}" });
    await assertProblem(anonymous, 401);
    await assertProblem(await gateway.publish(backend, { to, payload: "x".repeat(2 * 1024 * 1024) }), 413);
  });

  test("publishing faster than the token bucket: 429 with Retry-After", TIMEOUT, async () => {
    const token = await gateway.token("eager", { burst: 3, perSecond: 1 });
    const answers = [];
    for (let i = 0; i < 20; i++) {
      answers.push(await gateway.publish(token, { to: { topic: "x" }, payload: i }));
    }
    assert.deepEqual(answers.slice(0, 3).map((answer) => answer.status), [202, 202, 202]);
    const refused = answers.find((answer) => answer.status === 429);
    assert.ok(refused, `429 among ${answers.map((answer) => answer.status)}`);
    assert.ok(Number(refused.headers.get("retry-after")) >= 1, "Retry-After in seconds");
    await assertProblem(refused, 429);
  });

  test("presence follows the sessions", TIMEOUT, async () => {
    const user = fresh("visitor");
    const presence = async () => {
      const response = await gateway.get(`/api/v1/presence/${user}`, { Authorization: `Bearer ${backend}` });
      assert.equal(response.status, 200, await response.clone().text());
      return response.json();
    };
    assert.equal((await presence()).online, false);
    const [one, two] = [await connect(user), await connect(user)];
    await until(async () => (await presence()).sessions === 2, "two sessions");
    const here = await presence();
    assert.equal(here.userId, user);
    assert.equal(here.online, true);
    await one.disconnect();
    await until(async () => (await presence()).sessions === 1, "one session left");
    await two.disconnect();
    await until(async () => !(await presence()).online, "offline");
    const gone = await presence();
    assert.equal(gone.sessions, 0);
    assert.ok(gone.lastSeen, "lastSeen is known");
  });

  test("health under both of its names", TIMEOUT, async () => {
    for (const path of ["/health/live", "/health/ready", "/actuator/health/liveness", "/actuator/health/readiness"]) {
      const response = await gateway.get(path);
      assert.equal(response.status, 200, path);
    }
  });

  test("metrics are Prometheus text and count", TIMEOUT, async () => {
    const value = async (name) => {
      const response = await gateway.get("/metrics");
      assert.equal(response.status, 200);
      assert.match(response.headers.get("content-type"), /^text\/plain/);
      const sample = new RegExp(`^${name}(?:_total)?(?:\\{[^}]*\\})? (\\S+)`, "gm");
      const matches = [...(await response.text()).matchAll(sample)];
      assert.ok(matches.length > 0, `${name} is there`);
      return matches.reduce((sum, match) => sum + Number(match[1]), 0);
    };
    for (const name of ["push_messages_failed", "push_offline_queue_size", "push_delivery_latency_[a-z_]*count"]) {
      assert.ok((await value(name)) >= 0, name);
    }
    const peer = await connect(fresh("metered"));
    const topic = `/topic/${fresh("metered")}`;
    const inbox = await peer.subscribe(topic);
    const before = { published: await value("push_messages_published"), delivered: await value("push_messages_delivered") };
    assert.ok((await value("push_connections_active")) >= 1);
    await peer.send(topic, "x");
    await inbox.count(1);
    await until(async () => (await value("push_messages_published")) >= before.published + 1, "one more published");
    await until(async () => (await value("push_messages_delivered")) >= before.delivered + 1, "one more delivered");
  });

  test("the OpenAPI document describes the API", TIMEOUT, async () => {
    const response = await gateway.get("/openapi/v1.json");
    assert.equal(response.status, 200);
    const document = await response.json();
    assert.match(document.openapi, /^3\./);
    for (const path of ["/api/v1/messages", "/api/v1/messages/{id}/deliveries", "/api/v1/presence/{userId}"]) {
      assert.ok(document.paths[path], `${path} among ${Object.keys(document.paths)}`);
    }
  });

  test("GET / is the console, under a content security policy that its files keep", TIMEOUT, async () => {
    const response = await gateway.get("/");
    assert.equal(response.status, 200);
    assert.match(response.headers.get("content-type"), /^text\/html/);
    const policy = response.headers.get("content-security-policy");
    assert.match(policy, /default-src 'self'/);
    assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval/);
    const html = await response.text();
    assert.match(html, /<title>FastPush/);
    assert.doesNotMatch(html, /<script>|\sstyle="|\son[a-z]+="/);
    const files = [...html.matchAll(/(?:src|href)="([^"#]+)"/g)].map((match) => match[1]);
    assert.ok(files.includes("app.js") && files.includes("style.css"), files.join());
    for (const file of files) {
      assert.equal((await gateway.get(`/${file}`)).status, 200, file);
    }
  });

  test("/stomp without an upgrade: 426", TIMEOUT, async () => {
    const response = await gateway.get("/stomp");
    assert.equal(response.status, 426);
    assert.match(response.headers.get("upgrade") ?? "", /websocket/i);
  });

  test("info says version, mode and what is durable", TIMEOUT, async () => {
    const info = await (await gateway.get("/api/v1/info")).json();
    assert.ok(info.version && info.mode);
    assert.equal(info.environment, "Development");
    assert.ok(Array.isArray(info.durable) && Array.isArray(info.notDurable));
  });
});
