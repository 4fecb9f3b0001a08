import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const SCREENSHOTS = fileURLToPath(new URL("../../../artifacts/screenshots/", import.meta.url));
const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
const OFFLINE = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];

export async function launchBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: [...QUIET, ...OFFLINE] });
}

/** One tab with the console in it, in a browser context of its own. Collects what the page complains about in `complaints`. */
export class ConsoleTab {
  complaints = [];

  static async open(browser, gateway, options = {}) {
    const tab = new ConsoleTab();
    tab.context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    tab.page = await tab.context.newPage();
    tab.page.setDefaultTimeout(40_000);
    tab.page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") {
        tab.complaints.push(`${message.type()}: ${message.text()} ${message.location().url}`);
      }
    });
    tab.page.on("pageerror", (error) => tab.complaints.push(`exception: ${error.message}`));
    await tab.page.goto(gateway.url);
    return tab;
  }

  get(testId) {
    return this.page.getByTestId(testId);
  }

  async connect(user, transport = "stomp") {
    await this.get("user-input").fill(user);
    // The radio itself is invisible under its label's drawing.
    await this.get(`transport-${transport}`).check({ force: true });
    await this.get("connect").click();
    await this.state("connected");
  }

  async state(name) {
    await this.page.locator(`[data-testid=state][data-state=${name}]`).waitFor();
  }

  async send(destination, body) {
    await this.get("pub-destination").fill(destination);
    await this.get("pub-body").fill(body);
    await this.get("pub-send").click();
  }

  row(text) {
    return this.get("log-row").filter({ hasText: text });
  }

  async screenshot(name) {
    await mkdir(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: `${SCREENSHOTS}${name}.png` });
  }
}
