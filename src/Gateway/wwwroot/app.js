import { isJson, problemText } from "./destinations.js";
import { showInfo, themeToggle } from "./header.js";
import { HowTo } from "./how-to.js";
import { formatCount, formatMs, LatencyWindow, RateMeter } from "./latency.js";
import { MessageLog } from "./message-log.js";
import { GatewayMetrics } from "./metrics.js";
import { Sparkline } from "./sparkline.js";
import { SseLink } from "./sse-link.js";
import { StompLink } from "./stomp-link.js";
import { subscriptionRow } from "./subscription-row.js";

const LATENCIES = 200;
const BURST = 10;
const METRICS_EVERY_MS = 2000;
const $ = (id) => document.getElementById(id);

const tabId = Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, "0")).join("");
const latencies = new LatencyWindow(LATENCIES);
const rate = new RateMeter(3);
const sparkline = new Sparkline($("sparkline"), LATENCIES);
const subscriptions = new Map();
const log = new MessageLog({ list: $("rows"), empty: $("empty"), count: $("log-count") }, (unacked) => {
  $("ack-all").hidden = unacked === 0;
  $("ack-all").textContent = `Ack all ${unacked}`;
});

let link = null;
let linkState = "offline";
let received = 0;
let sent = 0;
let nextSubscription = 1;
let figuresDue = false;
let tokenNote = "";

// ---- Connection -------------------------------------------------------------------------------------------------

const STATE_TEXT = {
  offline: "Offline",
  connecting: "Connecting",
  connected: "Connected",
  reconnecting: "Reconnecting",
  failed: "Failed",
};

const linkEvents = {
  state(name, detail) {
    const changed = name !== linkState;
    if (changed && linkState === "connected") {
      log.forgetUnacked();
    }
    linkState = name;
    $("state").dataset.state = name;
    $("state-text").textContent = STATE_TEXT[name];
    $("status").dataset.state = name;
    $("status").textContent = name === "connected" ? `${detail}. ${tokenNote}` : detail;
    const idle = name === "offline" || name === "failed";
    $("connect").textContent = idle ? "Connect" : "Disconnect";
    $("connect").classList.toggle("primary", idle);
    for (const input of document.querySelectorAll("#user, #token, [name=transport]")) {
      input.disabled = !idle;
    }
    $("send").disabled = $("burst").disabled = name !== "connected";
    if (changed && name !== "failed" && name !== "connecting") {
      log.note("event", STATE_TEXT[name], detail);
    }
    if (idle) {
      link = null;
    }
    if (name === "failed" && sent > 0) {
      $("publish-status").dataset.state = "failed";
      $("publish-status").textContent = detail;
    }
  },
  message(message) {
    received += 1;
    rate.add(Date.now());
    message.subscription.count += 1;
    if (message.latency !== null && !message.waited && !message.redelivered) {
      latencies.add(message.latency);
    }
    log.message(message);
    showFiguresSoon();
  },
  measured(message) {
    latencies.add(message.latency);
    log.measured(message);
    showFiguresSoon();
  },
  fault(title, detail) {
    log.note("error", title, detail);
  },
};

async function fetchToken() {
  const pasted = $("token").value.trim();
  if (!$("token-field").hidden) {
    if (pasted === "") {
      throw new Error("This gateway gives out no development tokens: paste a JWT that it accepts.");
    }
    tokenNote = "Signed in by the pasted token.";
    return pasted;
  }
  let response;
  try {
    response = await fetch(`/dev/token?user=${encodeURIComponent($("user").value.trim())}`, { cache: "no-store" });
  } catch (cause) {
    throw Object.assign(new Error("The gateway does not answer", { cause }), { retry: true });
  }
  if (response.status === 404) {
    askForToken();
    throw new Error("This gateway gives out no development tokens: paste a JWT that it accepts, then connect.");
  }
  if (!response.ok) {
    throw Object.assign(new Error(`GET /dev/token: ${await problemText(response)}`), { retry: response.status >= 500 });
  }
  const { token, user, expiresAt } = await response.json();
  const until = new Date(expiresAt).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  tokenNote = `Signed in as ${user}; the token holds until ${until}.`;
  return token;
}

function askForToken() {
  $("token-field").hidden = false;
  $("user-field").hidden = true;
}

$("connect-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (link !== null) {
    link.disconnect();
    return;
  }
  const transport = new FormData(event.target).get("transport");
  // The links take their state from here on, so the switch is read before the inputs are locked.
  const socketUrl = `${location.origin.replace(/^http/, "ws")}/stomp`;
  link = transport === "sse" ? new SseLink(fetchToken, linkEvents) : new StompLink(socketUrl, fetchToken, tabId, linkEvents);
  for (const subscription of subscriptions.values()) {
    link.subscribe(subscription);
  }
  link.connect();
});

// ---- Subscriptions ----------------------------------------------------------------------------------------------

function addSubscription(destination, ack) {
  const same = [...subscriptions.values()].some((s) => s.destination === destination && s.ack === ack);
  if (destination === "" || same) {
    return;
  }
  const subscription = { id: `sub-${nextSubscription++}`, destination, ack, count: 0, countNode: null };
  subscriptions.set(subscription.id, subscription);
  const row = subscriptionRow(subscription, () => {
    subscriptions.delete(subscription.id);
    row.remove();
    link?.unsubscribe(subscription.id);
  });
  $("subs").append(row);
  link?.subscribe(subscription);
}

$("sub-form").addEventListener("submit", (event) => {
  event.preventDefault();
  addSubscription($("sub-destination").value.trim(), $("sub-ack").value);
});
for (const chip of document.querySelectorAll("[data-preset]")) {
  chip.addEventListener("click", () => addSubscription(chip.dataset.preset, $("sub-ack").value));
}

async function publish(times) {
  const destination = $("pub-destination").value.trim();
  const body = $("pub-body").value;
  const json = isJson(body);
  const status = $("publish-status");
  try {
    const sending = [];
    for (let i = 0; i < times; i++) {
      sending.push(link.send(destination, body, json));
    }
    const outcomes = await Promise.allSettled(sending);
    const done = outcomes.filter((outcome) => outcome.status === "fulfilled").length;
    sent += done;
    const refused = outcomes.find((outcome) => outcome.status === "rejected");
    status.dataset.state = refused ? "failed" : "";
    status.textContent = refused ? `${done} of ${times} sent. ${refused.reason.message}` : `Sent ${done} to ${destination}.`;
    if (refused) {
      log.note("error", "Not sent", refused.reason.message);
    }
  } catch (error) {
    status.dataset.state = "failed";
    status.textContent = error.message;
  }
  showFiguresSoon();
}

$("publish-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (link?.connected) {
    publish(1);
  }
});
$("burst").addEventListener("click", () => publish(BURST));
$("pub-body").addEventListener("input", () => {
  $("body-kind").textContent = isJson($("pub-body").value) ? "JSON" : "text";
});
$("pub-body").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    $("publish-form").requestSubmit();
  }
});

function showFiguresSoon() {
  if (!figuresDue) {
    figuresDue = true;
    setTimeout(showFigures, 50);
  }
}

function showFigures() {
  figuresDue = false;
  $("stat-received").textContent = formatCount(received);
  $("stat-sent").textContent = formatCount(sent);
  setRate($("stat-rate"), rate.perSecond(Date.now()));
  $("stat-p50").textContent = formatMs(latencies.percentile(0.5));
  $("stat-p99").textContent = formatMs(latencies.percentile(0.99));
  const peak = latencies.percentile(1);
  $("spark-peak").textContent = peak === null ? "" : `peak ${formatMs(peak)}`;
  sparkline.set(latencies.values);
  for (const subscription of subscriptions.values()) {
    subscription.countNode.textContent = formatCount(subscription.count);
  }
}

function setRate(node, perSecond) {
  const unit = document.createElement("small");
  unit.textContent = "/s";
  node.replaceChildren(perSecond >= 100 ? formatCount(perSecond) : perSecond.toFixed(1), " ", unit);
}

function showGateway(figures, error) {
  $("metrics-note").textContent = error ? "no figures" : "";
  $("metrics-note").title = error?.message ?? "";
  for (const name of ["connections", "offline"]) {
    const value = figures?.[name];
    $(`gw-${name}`).textContent = value === null || value === undefined ? "–" : formatCount(value);
  }
  for (const name of ["published", "delivered", "failed"]) {
    const node = $(`gw-${name}`);
    const counter = figures?.[name];
    node.title = counter ? `${counter.total} in all` : "";
    if (counter?.perSecond === null || counter === undefined) {
      node.textContent = "–";
    } else {
      setRate(node, counter.perSecond);
    }
  }
  $("gw-failed").classList.toggle("alarm", (figures?.failed.perSecond ?? 0) > 0);
}

setInterval(showFigures, 1000);
new GatewayMetrics(METRICS_EVERY_MS, showGateway).start();

$("filter").addEventListener("input", () => (log.filter = $("filter").value));
$("pause").addEventListener("click", () => {
  log.paused = !log.paused;
  $("pause").setAttribute("aria-pressed", String(log.paused));
  $("pause").textContent = log.paused ? "Resume" : "Pause";
});
$("clear").addEventListener("click", () => log.clear());
$("ack-all").addEventListener("click", () => log.ackAll());
document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof Element && event.target.matches("input, textarea, select");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    $("filter").focus();
  }
});

const NAMES = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"];
const [pick, suffix] = crypto.getRandomValues(new Uint8Array(2));
$("user").value = `${NAMES[pick % NAMES.length]}-${suffix.toString(16).padStart(2, "0")}`;
addSubscription("/topic/lobby", "auto");
addSubscription("/user/queue/messages", "auto");

const howTo = new HowTo({ tabs: $("howto-tabs"), code: $("howto-code"), copy: $("copy") }, () => {
  const topic = [...subscriptions.values()].find((s) => s.destination.startsWith("/topic/"))?.destination ?? "/topic/lobby";
  return [location.origin, $("user").value.trim() || "alice", topic];
});
$("user").addEventListener("input", () => howTo.show());
themeToggle($("theme-toggle"), () => sparkline.redraw());
showInfo()
  .then((info) => {
    if (info !== null && info.environment !== "Development") {
      $("status").textContent = "Not connected. Paste a token that this gateway accepts.";
      askForToken();
    }
  })
  .catch((error) => log.note("error", "The gateway does not answer", error.message));
