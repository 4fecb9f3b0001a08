import { hex, utf8 } from "./destinations.js";
import { Backoff } from "./backoff.js";

// The headers the gateway carries from SEND to MESSAGE tell us which messages are this tab's own, and when it sent them.
const SENDER_HEADER = "x-console-tab";
const SENT_AT_HEADER = "x-console-sent-at";

/**
 * STOMP over WebSocket by stompjs. Owns the reconnect: each attempt is a new client, so that a close reason
 * (policy: stop; draining: wait as told) decides what follows instead of a fixed delay.
 * `events`: state(name, detail), message(message), fault(title, detail).
 */
export class StompLink {
  #url;
  #getToken;
  #events;
  #tabId;
  #backoff = new Backoff(500, 15_000);
  #subscriptions = new Map();
  #client = null;
  #timer = 0;
  #stopped = true;
  #lastFault = null;
  #connectedAt = 0;

  constructor(url, getToken, tabId, events) {
    this.#url = url;
    this.#getToken = getToken;
    this.#tabId = tabId;
    this.#events = events;
  }

  get connected() {
    // stompjs learns of a close late; the socket itself knows as soon as it begins to close.
    return this.#client !== null && this.#client.connected && this.#client.webSocket?.readyState === WebSocket.OPEN;
  }

  connect() {
    this.#stopped = false;
    this.#events.state("connecting", "Opening the WebSocket …");
    this.#attempt();
  }

  async disconnect() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    const client = this.#client;
    if (client === null) {
      this.#events.state("offline", "Disconnected.");
      return;
    }
    await client.deactivate();
  }

  subscribe(subscription) {
    this.#subscriptions.set(subscription.id, { subscription, handle: null });
    if (this.connected) {
      this.#open(this.#subscriptions.get(subscription.id));
    }
  }

  unsubscribe(id) {
    const entry = this.#subscriptions.get(id);
    this.#subscriptions.delete(id);
    if (this.connected) {
      entry?.handle?.unsubscribe();
    }
  }

  /** Sends one message; it counts as sent when it was handed to the socket. */
  async send(destination, body, isJsonBody) {
    if (!this.connected) {
      throw new Error("The connection is closing.");
    }
    this.#client.publish({
      destination,
      body,
      headers: {
        "content-type": isJsonBody ? "application/json" : "text/plain;charset=utf-8",
        [SENDER_HEADER]: this.#tabId,
        [SENT_AT_HEADER]: String(performance.timeOrigin + performance.now()),
      },
    });
  }

  async #attempt() {
    let token;
    try {
      token = await this.#getToken();
    } catch (error) {
      if (error.retry && !this.#stopped) {
        this.#retry(this.#backoff.next(), error.message);
      } else {
        this.#stopped = true;
        this.#events.state("failed", error.message);
        this.#events.fault("No token", error.message);
      }
      return;
    }
    if (this.#stopped) {
      return;
    }

    const client = new StompJs.Client({
      brokerURL: this.#url,
      connectHeaders: { Authorization: `Bearer ${token}` },
      heartbeatIncoming: 10_000,
      heartbeatOutgoing: 10_000,
      connectionTimeout: 10_000,
      reconnectDelay: 0,
      onConnect: (frame) => this.#connected(frame),
      onStompError: (frame) => {
        this.#lastFault = { title: frame.headers.message ?? "ERROR", detail: frame.body.trim() };
        this.#events.fault(`ERROR: ${this.#lastFault.title}`, this.#lastFault.detail);
      },
      onWebSocketClose: (event) => this.#closed(client, event),
    });
    this.#client = client;
    client.activate();
  }

  #connected(frame) {
    this.#lastFault = null;
    this.#backoff.reset();
    this.#connectedAt = Date.now();
    const session = frame.headers.session ? `, session ${frame.headers.session}` : "";
    this.#events.state("connected", `STOMP ${frame.headers.version ?? "1.0"}${session}`);
    for (const entry of this.#subscriptions.values()) {
      this.#open(entry);
    }
  }

  #open(entry) {
    const { subscription } = entry;
    entry.handle = this.#client.subscribe(subscription.destination, (frame) => this.#received(subscription, frame), {
      id: subscription.id,
      ack: subscription.ack,
    });
  }

  #received(subscription, frame) {
    const now = performance.timeOrigin + performance.now();
    const { headers } = frame;
    const bytes = frame.binaryBody;
    const text = utf8(bytes);
    const own = headers[SENDER_HEADER] === this.#tabId;
    const sentAt = Number(own ? headers[SENT_AT_HEADER] : headers.timestamp);
    const needsAck = subscription.ack !== "auto";
    this.#events.message({
      id: headers["message-id"],
      destination: headers.destination ?? subscription.destination,
      subscription,
      text: text ?? hex(bytes, 256),
      binary: text === null,
      size: bytes.length,
      at: now,
      latency: Number.isFinite(sentAt) && sentAt > 0 ? Math.max(0, now - sentAt) : null,
      // What waited in the offline queue says nothing about the speed of delivery.
      waited: Number.isFinite(sentAt) && sentAt > 0 && sentAt < this.#connectedAt - 1000,
      redelivered: headers.redelivered === "true",
      headers,
      ack: needsAck ? () => this.connected && frame.ack() : null,
      nack: needsAck ? () => this.connected && frame.nack() : null,
    });
  }

  #closed(client, event) {
    if (client !== this.#client) {
      return;
    }
    this.#client = null;
    // This client's own life is over in every case: a later attempt makes a new one.
    client.deactivate();
    const hint = event.code === 1012 ? retryAfterMs(event.reason) : null;
    if (this.#stopped) {
      this.#events.state("offline", "Disconnected.");
    } else if (FINAL_CLOSES.has(event.code)) {
      this.#stop(closeText(event), this.#lastFault);
    } else {
      this.#retry(hint ?? this.#backoff.next(), closeText(event));
    }
    this.#lastFault = null;
  }

  // The ERROR frame says what was wrong; the close code only says of which kind it was.
  #stop(title, fault) {
    this.#stopped = true;
    this.#events.state("failed", capital(fault ? `${describe(fault)} (${title})` : title));
    this.#events.fault(capital(title), "");
  }

  #retry(delayMs, why) {
    this.#events.state("reconnecting", `${capital(why)}. Next attempt in ${(delayMs / 1000).toFixed(1)} s.`);
    this.#timer = setTimeout(() => {
      this.#events.state("reconnecting", "Trying again …");
      this.#attempt();
    }, delayMs);
  }
}

function describe(fault) {
  return fault.detail ? `${fault.title}: ${fault.detail}` : fault.title;
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function retryAfterMs(reason) {
  try {
    const hint = JSON.parse(reason).retryAfterMs;
    return Number.isFinite(hint) ? hint : null;
  } catch {
    return null;
  }
}

// What this client did or may not do: the same again would end the same.
const FINAL_CLOSES = new Set([1002, 1003, 1007, 1008, 1009]);

const CLOSE_MEANING = new Map([
  [1000, "closed normally"],
  [1001, "the gateway went away"],
  [1002, "protocol error"],
  [1003, "unsupported data"],
  [1006, "connection lost or refused"],
  [1007, "invalid data"],
  [1008, "refused by policy"],
  [1009, "message too big"],
  [1011, "internal error"],
  [1012, "the gateway is restarting"],
  [1013, "the gateway is overloaded"],
]);

function closeText(event) {
  const meaning = CLOSE_MEANING.get(event.code) ?? "closed";
  const reason = event.reason && event.code !== 1012 ? `, “${event.reason}”` : "";
  return `close ${event.code}: ${meaning}${reason}`;
}
