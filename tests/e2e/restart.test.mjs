import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startGateway } from "./lib/gateway.mjs";
import { StompPeer } from "./lib/stomp.mjs";
import { until } from "./lib/until.mjs";

const TIMEOUT = { timeout: 120_000 };

describe("the gateway stops and comes back", () => {
  test("SIGTERM: 1012 with a JSON hint, what was sent is delivered, exit code 0", TIMEOUT, async () => {
    const gateway = await startGateway();
    try {
      const peers = await Promise.all(["ann", "ben", "cleo"].map((user) => StompPeer.connectUser(gateway, user)));
      const inboxes = await Promise.all(peers.map((peer) => peer.subscribe("/topic/farewell")));
      await peers[0].send("/topic/farewell", "last words");

      const exit = await gateway.stop();
      for (const [i, peer] of peers.entries()) {
        await until(() => peer.closes.length > 0, "a close frame");
        assert.equal(peer.closes[0].code, 1012);
        const hint = JSON.parse(peer.closes[0].reason);
        assert.ok(Number.isInteger(hint.retryAfterMs) && hint.retryAfterMs >= 0, `retryAfterMs in ${peer.closes[0].reason}`);
        assert.deepEqual(inboxes[i].bodies, ["last words"]);
      }
      assert.deepEqual(exit, { code: 0, signal: null }, gateway.output);
    } finally {
      await gateway.kill();
    }
  });

  test("stompjs reconnects by itself and its subscriptions work again", TIMEOUT, async () => {
    let gateway = await startGateway();
    const { port } = gateway;
    // The key of a development gateway is new with each start, and so must be the token.
    const token = () => until(() => gateway?.token("phoenix", { perSecond: 0 }).catch(() => null), "a token of the new gateway", 60_000);
    const bodies = [];
    const peer = new StompPeer(gateway, undefined, {
      reconnectDelay: 100,
      beforeConnect: async (client) => {
        client.connectHeaders = { Authorization: `Bearer ${await token()}` };
      },
    });
    peer.onConnect = () => peer.client.subscribe("/topic/ashes", (message) => bodies.push(message.body), { receipt: "subscribed" });
    const publishOnceSubscribed = async (body) => {
      await peer.receipt((receipt) => peer.client.publish({ destination: "/topic/ashes", body, headers: { receipt } }));
    };
    try {
      peer.client.activate();
      await until(() => peer.connects.length === 1, "the first CONNECTED");
      await publishOnceSubscribed("before");
      await until(() => bodies.length === 1, "the message before the restart");

      await gateway.stop();
      await until(() => peer.closes.length >= 1, "the close");
      const closed = peer.closes.splice(0);
      assert.equal(closed[0].code, 1012);
      gateway = await startGateway({ port });
      await until(() => peer.connects.length === 2, "the second CONNECTED", 60_000);
      peer.closes.length = 0;
      await publishOnceSubscribed("after");
      await until(() => bodies.length === 2, "the message after the restart");
      assert.deepEqual(bodies, ["before", "after"]);
    } finally {
      await peer.disconnect();
      await gateway.kill();
    }
  });

  test("liveness holds until the process is gone", TIMEOUT, async () => {
    const gateway = await startGateway();
    try {
      const peer = await StompPeer.connectUser(gateway, "watcher");
      const seen = new Set();
      const stopping = gateway.stop();
      while (gateway.running) {
        seen.add(await gateway.get("/health/live").then((response) => response.status, () => "refused"));
      }
      const exit = await stopping;
      await until(() => peer.closes.length > 0, "a close frame");
      assert.equal(exit.code, 0, gateway.output);
      assert.deepEqual([...seen].filter((status) => status !== 200 && status !== "refused"), []);
    } finally {
      await gateway.kill();
    }
  });

  test("a bad option stops the start with exit code 2 and names the key", TIMEOUT, async () => {
    await assert.rejects(
      startGateway({ args: ["--FastPush:Limits:FrameBytes=-1", "--FastPush:ServerId=5000"] }),
      (error) => {
        assert.match(error.message, /"code":2/);
        assert.match(error.message, /FrameBytes/);
        assert.match(error.message, /ServerId/);
        return true;
      },
    );
  });

  test("Production without keys stops the start and says what to set", TIMEOUT, async () => {
    await assert.rejects(
      startGateway({ env: { DOTNET_ENVIRONMENT: "Production", ASPNETCORE_ENVIRONMENT: "Production" } }),
      (error) => {
        assert.match(error.message, /"code":2/);
        assert.match(error.message, /FastPush:Jwt/);
        return true;
      },
    );
  });
});
