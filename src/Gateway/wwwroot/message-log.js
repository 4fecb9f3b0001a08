import { formatBytes, formatMs } from "./latency.js";

const ROWS_MAX = 200;

/**
 * The message list: newest first, at most 200 rows, written once a frame however many messages came.
 * While paused the rows stay as they are and what comes meanwhile is kept, at most 200.
 */
export class MessageLog {
  #list;
  #empty;
  #count;
  #entries = [];
  #waiting = [];
  #scheduled = false;
  #paused = false;
  #filter = "";
  #unacked = new Map();
  #onUnacked;

  constructor(elements, onUnacked) {
    this.#list = elements.list;
    this.#empty = elements.empty;
    this.#count = elements.count;
    this.#onUnacked = onUnacked;
  }

  get paused() {
    return this.#paused;
  }

  set paused(value) {
    this.#paused = value;
    this.#schedule();
  }

  set filter(text) {
    this.#filter = text.trim().toLowerCase();
    for (const entry of this.#entries) {
      entry.row.hidden = !this.#matches(entry);
    }
    this.#showCount();
  }

  message(message) {
    const entry = { message, row: null, search: `${message.destination} ${message.text}`.toLowerCase() };
    if (message.ack) {
      this.#unacked.set(entry, null);
      this.#onUnacked(this.#unacked.size);
    }
    this.#push(entry);
  }

  /** A row for what happened to the connection, in order with the messages. */
  note(kind, title, detail) {
    const text = detail ? `${title}\n${detail}` : title;
    this.#push({ note: { kind, title, detail, at: Date.now() }, row: null, search: text.toLowerCase() });
  }

  /** Fills in a latency that became known after its row was written. */
  measured(message) {
    const entry = this.#entries.find((candidate) => candidate.message === message);
    const cell = entry?.row.querySelector(".latency");
    if (cell) {
      cell.textContent = formatMs(message.latency);
    }
  }

  ackAll() {
    for (const entry of [...this.#unacked.keys()]) {
      this.#settle(entry, "acked");
    }
  }

  /** After a reconnect the gateway has taken back what was not acknowledged; the old rows can no longer answer. */
  forgetUnacked() {
    for (const entry of this.#unacked.keys()) {
      entry.outcome = "lost";
      this.#showOutcome(entry);
    }
    this.#unacked.clear();
    this.#onUnacked(0);
  }

  clear() {
    this.#entries.length = 0;
    this.#waiting.length = 0;
    this.#list.replaceChildren();
    this.#showCount();
  }

  #push(entry) {
    this.#waiting.push(entry);
    if (this.#waiting.length > ROWS_MAX) {
      this.#waiting.shift();
    }
    this.#schedule();
  }

  #schedule() {
    if (this.#scheduled) {
      return;
    }
    this.#scheduled = true;
    const write = () => {
      this.#scheduled = false;
      this.#write();
    };
    // A hidden tab gets no frames, but its list should be right when one comes back to it.
    document.hidden ? setTimeout(write, 200) : requestAnimationFrame(write);
  }

  #write() {
    if (this.#paused) {
      this.#showCount();
      return;
    }
    const fragment = document.createDocumentFragment();
    for (const entry of this.#waiting) {
      entry.row = entry.message ? this.#messageRow(entry) : noteRow(entry.note);
      entry.row.hidden = !this.#matches(entry);
      fragment.prepend(entry.row);
      this.#entries.unshift(entry);
    }
    this.#waiting.length = 0;
    this.#list.prepend(fragment);
    for (const old of this.#entries.splice(ROWS_MAX)) {
      old.row.remove();
    }
    this.#showCount();
  }

  #matches(entry) {
    return this.#filter === "" || entry.search.includes(this.#filter);
  }

  #showCount() {
    const shown = this.#entries.filter((entry) => !entry.row.hidden).length;
    const held = this.#paused && this.#waiting.length > 0 ? ` +${this.#waiting.length}` : "";
    this.#count.textContent = (this.#filter ? `${shown} of ${this.#entries.length}` : String(this.#entries.length)) + held;
    this.#empty.hidden = this.#entries.length > 0;
  }

  #messageRow(entry) {
    const { message } = entry;
    const row = element("li", "row");
    row.dataset.testid = "log-row";
    const main = element("button", "row-main");
    main.type = "button";
    main.setAttribute("aria-expanded", "false");
    const badges = element("span", "badges");
    if (message.redelivered) {
      badges.append(badge("redelivered", "warn", "The gateway sent this message before and got no ACK, or a NACK"));
    }
    if (message.waited) {
      badges.append(badge("queued", "info", "Sent before this connection opened: it waited in the offline queue"));
    }
    if (message.binary) {
      badges.append(badge("binary", "info", "Not UTF-8; shown in hexadecimal"));
    }
    main.append(
      cell("time", timeOf(message.at)),
      cell("destination", message.destination),
      cell("body", message.text.slice(0, 400)),
      badges,
      cell("latency", formatMs(message.latency)),
      cell("size", formatBytes(message.size)),
    );
    main.addEventListener("click", () => toggleDetail(row, main, () => detailOf(message)));
    row.append(main);
    if (message.ack) {
      row.append(this.#ackActions(entry));
    }
    entry.row = row;
    if (entry.outcome) {
      this.#showOutcome(entry);
    }
    return row;
  }

  #ackActions(entry) {
    const actions = element("span", "row-actions");
    for (const [label, outcome] of [["Ack", "acked"], ["Nack", "nacked"]]) {
      const button = element("button", "small");
      button.type = "button";
      button.textContent = label;
      button.dataset.testid = `row-${label.toLowerCase()}`;
      button.addEventListener("click", () => this.#settle(entry, outcome));
      actions.append(button);
    }
    return actions;
  }

  #settle(entry, outcome) {
    if (!this.#unacked.delete(entry)) {
      return;
    }
    outcome === "acked" ? entry.message.ack() : entry.message.nack();
    entry.outcome = outcome;
    this.#showOutcome(entry);
    this.#onUnacked(this.#unacked.size);
  }

  #showOutcome(entry) {
    const kind = { acked: "good", nacked: "warn", lost: "info" }[entry.outcome];
    const title = entry.outcome === "lost" ? "The connection ended before the ACK" : "";
    entry.row?.querySelector(".row-actions")?.replaceChildren(badge(entry.outcome, kind, title));
  }
}

function noteRow(note) {
  const row = element("li", `row note ${note.kind}`);
  row.dataset.testid = `log-${note.kind}`;
  const line = element("div", "row-main");
  const text = element("span", "note-text");
  const title = element("strong");
  title.textContent = note.title;
  text.append(title);
  if (note.detail) {
    text.append(` ${note.detail}`);
  }
  line.append(cell("time", timeOf(note.at)), text);
  row.append(line);
  return row;
}

function toggleDetail(row, button, build) {
  const open = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!open));
  if (open) {
    row.querySelector(".detail").remove();
  } else {
    row.append(build());
  }
}

function detailOf(message) {
  const detail = element("div", "detail");
  detail.dataset.testid = "row-detail";
  const body = element("pre");
  body.textContent = message.binary ? message.text : pretty(message.text);
  const headers = element("dl", "headers");
  for (const [name, value] of Object.entries(message.headers)) {
    const term = element("dt");
    term.textContent = name;
    const definition = element("dd");
    definition.textContent = value;
    headers.append(term, definition);
  }
  detail.append(body, headers);
  return detail;
}

function pretty(text) {
  const first = text.trimStart()[0];
  if (first !== "{" && first !== "[") {
    return text;
  }
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function timeOf(at) {
  const time = new Date(at);
  const two = (n) => String(n).padStart(2, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}

function badge(text, kind, title) {
  const node = element("span", `badge ${kind}`);
  node.textContent = text;
  node.title = title;
  return node;
}

function cell(className, text) {
  const node = element("span", className);
  node.textContent = text;
  return node;
}

function element(name, className = "") {
  const node = document.createElement(name);
  node.className = className;
  return node;
}
