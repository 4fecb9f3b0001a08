import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { ConsoleTab, launchBrowser } from "./lib/browser.mjs";
import { startGateway } from "./lib/gateway.mjs";

const TIMEOUT = { timeout: 90_000 };

describe("the console in a browser", () => {
  let gateway;
  let browser;
  const tabs = [];

  before(async () => {
    [gateway, browser] = await Promise.all([startGateway(), launchBrowser()]);
  });

  afterEach(async () => {
    await Promise.all(tabs.splice(0).map((tab) => tab.context.close()));
  });

  after(async () => {
    await browser?.close();
    await gateway?.kill();
  });

  async function open(options) {
    const tab = await ConsoleTab.open(browser, gateway, options);
    tabs.push(tab);
    return tab;
  }

  const complaints = () => tabs.flatMap((tab) => tab.complaints);

  test("two users in two tabs: topic, private message, latency and gateway figures", TIMEOUT, async () => {
    const [alice, bob] = [await open({ colorScheme: "light" }), await open({ colorScheme: "dark" })];
    await alice.screenshot("console-light-empty");
    await alice.connect("alice");
    await bob.connect("bob");

    await alice.send("/topic/lobby", JSON.stringify({ text: "to all", order: 4711 }));
    await bob.row("to all").waitFor();
    await alice.row("to all").waitFor();
    await bob.send("/user/alice/queue/messages", "for alice only");
    await alice.row("for alice only").waitFor();
    assert.match(await alice.row("for alice only").innerText(), /\/user\/queue\/messages/);
    assert.equal(await bob.row("for alice only").count(), 0);

    await bob.get("pub-destination").fill("/topic/lobby");
    await bob.get("pub-burst").click();
    await alice.page.waitForFunction(() => document.querySelector("[data-testid=stat-received]").textContent === "12");
    await bob.page.waitForFunction(() => document.querySelector("[data-testid=stat-sent]").textContent === "11");
    assert.match(await alice.get("stat-p50").innerText(), /^[\d.]+\s(ms|s)$/);
    await alice.page.waitForFunction(() => Number(document.querySelector("[data-testid=gw-connections]").textContent) >= 2);

    await alice.row("to all").locator("button").first().click();
    assert.match(await alice.get("row-detail").innerText(), /"order": 4711/);
    await alice.screenshot("console-light");
    await bob.screenshot("console-dark");
    assert.deepEqual(complaints(), []);
  });

  test("acknowledging by hand: NACK brings the message again, marked", TIMEOUT, async () => {
    const tab = await open();
    await tab.connect("worker");
    await tab.get("sub-input").fill("/topic/work");
    await tab.get("sub-ack").selectOption("client-individual");
    await tab.get("sub-add").click();
    await tab.send("/topic/work", "job 1");
    await tab.row("job 1").getByTestId("row-nack").click();
    await tab.row("job 1").filter({ hasText: "redelivered" }).getByTestId("row-ack").click();
    await tab.row("job 1").filter({ has: tab.page.getByText("acked", { exact: true }) }).waitFor();
    await tab.get("ack-all").waitFor({ state: "hidden" });
    assert.equal(await tab.row("job 1").count(), 2);
    assert.deepEqual(complaints(), []);
  });

  test("SSE mode receives and publishes", TIMEOUT, async () => {
    const [reader, writer] = [await open({ colorScheme: "dark" }), await open()];
    await reader.connect("reader", "sse");
    await writer.connect("writer");
    await writer.send("/topic/lobby", "over STOMP");
    await reader.row("over STOMP").waitFor();
    await writer.send("/user/reader/queue/messages", "private");
    await reader.row("private").waitFor();
    await reader.send("/topic/lobby", JSON.stringify({ text: "over HTTP" }));
    await writer.row("over HTTP").waitFor();
    await reader.row("over HTTP").waitFor();
    await reader.page.waitForFunction(() => document.querySelector("[data-testid=stat-p50]").textContent !== "–");
    await reader.screenshot("console-sse");
    assert.deepEqual(complaints(), []);
  });

  test("pause, filter, clear and the row limit", TIMEOUT, async () => {
    const tab = await open();
    await tab.connect("filterer");
    await tab.send("/topic/lobby", "apple");
    await tab.send("/topic/lobby", "pear");
    await tab.row("pear").waitFor();
    await tab.page.keyboard.press("Escape");
    await tab.get("log-filter").fill("apple");
    await tab.row("apple").waitFor();
    await tab.row("pear").waitFor({ state: "hidden" });
    await tab.get("log-filter").fill("");
    await tab.get("log-pause").click();
    await tab.send("/topic/lobby", "while paused");
    await tab.page.waitForFunction(() => document.querySelector("[data-testid=stat-received]").textContent === "3");
    assert.equal(await tab.row("while paused").count(), 0);
    await tab.get("log-pause").click();
    await tab.row("while paused").waitFor();
    await tab.get("log-clear").click();
    await tab.get("log-empty").waitFor();
    assert.equal(await tab.get("log-row").count(), 0);
    assert.deepEqual(complaints(), []);
  });

  test("the theme follows the system, and a choice is kept over a reload", TIMEOUT, async () => {
    const tab = await open({ colorScheme: "dark" });
    const background = () => tab.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await background();
    await tab.get("theme-toggle").click();
    const light = await background();
    assert.notEqual(light, dark);
    await tab.page.reload();
    assert.equal(await background(), light);
    await tab.page.emulateMedia({ colorScheme: "light" });
    await tab.get("theme-toggle").click();
    assert.equal(await background(), dark);
    assert.deepEqual(complaints(), []);
  });

  test("on a phone nothing is wider than the screen", TIMEOUT, async () => {
    const tab = await open({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme: "dark" });
    await tab.connect("phone");
    await tab.send("/topic/lobby", JSON.stringify({ text: "a rather long message ".repeat(20) }));
    await tab.row("a rather long message").waitFor();
    assert.equal(await tab.page.evaluate(() => document.documentElement.scrollWidth), 390);
    await tab.screenshot("console-phone");
    assert.deepEqual(complaints(), []);
  });

  test("a flood is answered in words: what happened, and why", TIMEOUT, async () => {
    const tab = await open();
    await tab.connect("flooder");
    await tab.get("pub-body").fill("flood");
    // More bursts than the default bucket of 100 holds, faster than a hand could click.
    await tab.page.evaluate(() => {
      for (let i = 0; i < 40; i++) {
        document.querySelector("[data-testid=pub-burst]").click();
      }
    });
    await tab.state("failed");
    assert.match(await tab.get("status").innerText(), /1008/);
    assert.match(await tab.get("log-error").first().innerText(), /\S/);
    await tab.screenshot("console-flood");
    await tab.get("connect").click();
    await tab.state("connected");
  });

  test("the snippets name this server and can be reached by keyboard", TIMEOUT, async () => {
    const tab = await open();
    const code = tab.get("howto-code");
    assert.match(await code.innerText(), new RegExp(`ws://127\\.0\\.0\\.1:${gateway.port}/stomp`));
    await tab.get("howto-tab-stomp").focus();
    await tab.page.keyboard.press("ArrowRight");
    assert.match(await code.innerText(), /new EventSource/);
    await tab.page.keyboard.press("ArrowRight");
    assert.match(await code.innerText(), /curl -i http/);
    assert.deepEqual(complaints(), []);
  });
});
