import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { launchBrowser } from "./lib/browser.mjs";
import { startGateway } from "./lib/gateway.mjs";

const TIMEOUT = { timeout: 90_000 };

/** A site with one empty page. */
async function startSite() {
  const server = createServer((_, response) => response.setHeader("Content-Type", "text/html").end("<title>app</title>"));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => new Promise((resolve) => server.close(resolve)) };
}

describe("pages of other origins", () => {
  let sites;
  let gateway;
  let browser;

  before(async () => {
    sites = await Promise.all([startSite(), startSite()]);
    [gateway, browser] = await Promise.all([startGateway({ args: [`--FastPush:Origins:0=${sites[0].origin}`] }), launchBrowser()]);
  });

  after(async () => {
    await browser?.close();
    await gateway?.kill();
    await Promise.all(sites.map((site) => site.close()));
  });

  /** What a page of this origin can do with the gateway. */
  async function visit(origin) {
    const page = await browser.newPage();
    await page.goto(origin);
    const token = await gateway.token("visitor", { perSecond: 0 });
    const seen = await page.evaluate(
      async ({ url, token }) => {
        const stream = new EventSource(`${url}/sse?destination=/topic/cors&token=${token}`);
        const opened = await new Promise((resolve) => {
          stream.onopen = () => resolve("open");
          stream.onerror = () => resolve("closed");
        });
        const event = opened === "open" ? new Promise((resolve) => (stream.onmessage = (message) => resolve(message.data))) : null;
        const post = (bearer, body) =>
          fetch(`${url}/api/v1/messages`, {
            method: "POST",
            headers: { Authorization: `Bearer ${bearer}`, "Content-Type": "application/json" },
            body,
          }).then((response) => response.status, (error) => error.name);
        const published = await post(token, JSON.stringify({ to: { topic: "cors" }, payload: "over origins" }));
        const refused = await post("nonsense", "{}");
        const resumed = await fetch(`${url}/sse?destination=/topic/cors`, {
          headers: { "Last-Event-ID": "1", Authorization: `Bearer ${token}` },
        }).then((response) => [response.status, response.body.cancel()][0], (error) => error.name);
        const socket = new WebSocket(`${url.replace("http", "ws")}/stomp`);
        const upgraded = await new Promise((resolve) => {
          socket.onopen = () => resolve("open");
          socket.onerror = () => resolve("closed");
        });
        const data = await event;
        stream.close();
        socket.close();
        return { opened, published, refused, resumed, upgraded, data };
      },
      { url: gateway.url, token },
    );
    await page.close();
    return seen;
  }

  test("one that FastPush:Origins names reads streams, publishes and sees refusals", TIMEOUT, async () => {
    assert.deepEqual(await visit(sites[0].origin), {
      opened: "open",
      published: 202,
      refused: 401,
      resumed: 200,
      upgraded: "open",
      data: '"over origins"',
    });
  });

  test("the gateway's own pages go on to work beside the list", TIMEOUT, async () => {
    const seen = await visit(gateway.url);
    assert.deepEqual([seen.opened, seen.published, seen.upgraded], ["open", 202, "open"]);
  });

  test("another one gets nothing", TIMEOUT, async () => {
    assert.deepEqual(await visit(sites[1].origin), {
      opened: "closed",
      published: "TypeError",
      refused: "TypeError",
      resumed: "TypeError",
      upgraded: "closed",
      data: null,
    });
  });
});
