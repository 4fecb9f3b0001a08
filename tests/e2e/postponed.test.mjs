import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { EventSource } from "eventsource";
import { launchBrowser } from "./lib/browser.mjs";
import { startGateway } from "./lib/gateway.mjs";
import { TokenKey } from "./lib/keys.mjs";
import { until } from "./lib/until.mjs";

const TIMEOUT = { timeout: 120_000 };

describe("an EventSource that meets a node which is going", () => {
  const key = new TokenKey();
  const token = key.token("reader");
  let browser;
  let gateway;

  before(async () => {
    browser = await launchBrowser();
  });

  after(async () => {
    await browser?.close();
    await gateway?.kill();
  });

  /** The same in Chromium and in Node.js: how often it opened, whether it gave up, what came. */
  const inPage = (page) => ({
    open: (name) =>
      page.evaluate(
        ([name, url]) => {
          const source = new EventSource(url);
          const seen = { source, data: [], errors: 0 };
          source.onmessage = (event) => seen.data.push(event.data);
          source.onerror = () => seen.errors++;
          (globalThis.streams ??= {})[name] = seen;
        },
        [name, `/sse?destination=/topic/rolling&token=${token}`],
      ),
    state: (name) =>
      page.evaluate((name) => {
        const { source, data, errors } = globalThis.streams[name];
        return { readyState: source.readyState, data, errors };
      }, name),
  });

  const inNode = () => {
    const streams = {};
    return {
      open: async (name) => {
        const source = new EventSource(`${gateway.url}/sse?destination=/topic/rolling&token=${token}`);
        const seen = (streams[name] = { source, data: [], errors: 0 });
        source.onmessage = (event) => seen.data.push(event.data);
        source.onerror = () => seen.errors++;
      },
      state: async (name) => {
        const { source, data, errors } = streams[name];
        return { readyState: source.readyState, data, errors };
      },
      close: () => Object.values(streams).forEach(({ source }) => source.close()),
    };
  };

  const publish = async (text) => {
    const response = await gateway.publish(token, { to: { topic: "rolling" }, payload: text });
    assert.equal(response.status, 202, await response.clone().text());
  };

  test("comes back by itself: one opened before the drain, one during it", TIMEOUT, async () => {
    gateway = await startGateway({ args: [...key.args, "--FastPush:Drain:ReadinessMs=6000", "--FastPush:Drain:SpreadMs=0"] });
    const { port } = gateway;
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(gateway.url);
    const node = inNode();
    const peers = [inPage(page), node];
    try {
      const each = (check) => async () => (await Promise.all(peers.map(check))).every(Boolean);
      await Promise.all(peers.map((peer) => peer.open("before")));
      await until(each(async (peer) => (await peer.state("before")).readyState === 1), "streams open before the drain");
      await publish(1);
      await until(each(async (peer) => (await peer.state("before")).data.length === 1), "the first event");

      const stopping = gateway.stop();
      await until(async () => (await gateway.get("/health/ready")).status === 503, "the drain");
      const asker = await gateway.get(`/sse?destination=/topic/rolling&token=${token}`);
      assert.equal(asker.status, 503, "who does not ask for an event stream by name can see that it is not served");
      assert.match(asker.headers.get("retry-after"), /^\d+$/);
      await Promise.all(peers.map((peer) => peer.open("during")));
      await until(each(async (peer) => (await peer.state("during")).errors >= 2), "streams that tried twice during the drain");
      assert.deepEqual(await stopping, { code: 0, signal: null }, gateway.output);

      gateway = await startGateway({ port, args: key.args });
      for (const name of ["before", "during"]) {
        await until(each(async (peer) => (await peer.state(name)).readyState === 1), `the stream of ${name} the drain is open again`);
      }
      await publish(2);
      await until(each(async (peer) => (await peer.state("during")).data.includes("2")), "an event on the new node, opened during");
      await until(each(async (peer) => (await peer.state("before")).data.includes("2")), "an event on the new node, opened before");
    } finally {
      node.close();
      await context.close();
    }
  });
});
