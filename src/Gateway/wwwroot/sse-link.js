import { base64, hex, problemText, publishTarget } from "./destinations.js";
import { Backoff } from "./backoff.js";

// Over HTTP/1.1 a browser opens at most six connections to one origin, over all its tabs; metrics and sending need some.
const STREAMS_MAX = 4;
const OWN_IDS_MAX = 500;
// A message's type is its event's name, and an EventSource hears only the names that it asks for: none, this page's own, those of the
// snippets, and the gateway's.
const HEARD = ["message", "console", "greeting", "binary"];

/**
 * Server-sent events: one EventSource a destination (an event does not name its destination), sending by POST.
 * The browser reconnects a broken stream itself and resumes by Last-Event-ID; a refused one is opened again here.
 * `events` as in StompLink.
 */
export class SseLink {
  #getToken;
  #events;
  #token = "";
  #backoff = new Backoff(500, 15_000);
  #streams = new Map();
  #stopped = true;
  #connectedAt = 0;
  // Sent and received times by message id: whichever of the POST's answer and the event comes second gives the latency.
  #sentAt = new Map();
  #receivedEarly = new Map();

  constructor(getToken, events) {
    this.#getToken = getToken;
    this.#events = events;
  }

  get connected() {
    return !this.#stopped && this.#connectedAt > 0;
  }

  async connect() {
    this.#stopped = false;
    this.#events.state("connecting", "Opening the event stream …");
    try {
      this.#token = await this.#getToken();
    } catch (error) {
      this.#stop("No token", error.message);
      return;
    }
    for (const stream of this.#streams.values()) {
      this.#open(stream);
    }
    if (this.#streams.size === 0) {
      this.#opened();
    }
  }

  async disconnect() {
    this.#stopped = true;
    this.#connectedAt = 0;
    this.#closeAll();
    this.#events.state("offline", "Disconnected.");
  }

  subscribe(subscription) {
    if (this.#streams.size >= STREAMS_MAX) {
      this.#events.fault(
        "Too many event streams",
        `This page opens one stream a destination and keeps to ${STREAMS_MAX}: browsers allow six connections to a server over HTTP/1.1. ` +
          "Remove a subscription, or use the WebSocket transport.",
      );
      return;
    }
    const stream = { subscription, source: null, timer: 0, lastEventId: "" };
    this.#streams.set(subscription.id, stream);
    if (this.connected) {
      this.#open(stream);
    }
  }

  unsubscribe(id) {
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    this.#close(stream);
  }

  async send(destination, body, isJsonBody) {
    const to = publishTarget(destination);
    if (to === null) {
      throw new Error(`“${destination}” is no destination to send to: use /topic/NAME or /user/USER/queue/NAME.`);
    }
    const content = isJsonBody
      ? { payload: JSON.parse(body) }
      : { body: base64(new TextEncoder().encode(body)), contentType: "text/plain;charset=utf-8" };
    const sentAt = performance.timeOrigin + performance.now();
    const response = await fetch("/api/v1/messages", {
      method: "POST",
      headers: { Authorization: `Bearer ${this.#token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ to, type: "console", ...content }),
    });
    if (!response.ok) {
      const hint = response.status === 429 ? "Rate limit (429)" : `POST /api/v1/messages answered ${response.status}`;
      throw new Error(`${hint}: ${await problemText(response)}`);
    }
    this.#settleOwn((await response.json()).messageId, sentAt);
  }

  #open(stream) {
    const query = new URLSearchParams({ destination: stream.subscription.destination, token: this.#token });
    if (stream.lastEventId) {
      query.set("lastEventId", stream.lastEventId);
    }
    const url = `/sse?${query}`;
    const source = new EventSource(url);
    stream.source = source;
    source.onopen = () => this.#opened();
    source.onerror = () => this.#broken(stream, url);
    for (const name of HEARD) {
      source.addEventListener(name, (event) => this.#received(stream, event));
    }
  }

  #opened() {
    this.#backoff.reset();
    if (this.#connectedAt === 0) {
      this.#connectedAt = Date.now();
    }
    this.#events.state("connected", "Server-sent events, sending by POST");
  }

  #received(stream, event) {
    stream.lastEventId = event.lastEventId;
    const at = performance.timeOrigin + performance.now();
    const id = event.lastEventId;
    const bytes = event.type === "binary" ? Uint8Array.from(atob(event.data), (c) => c.charCodeAt(0)) : null;
    const sentAt = this.#sentAt.get(id);
    this.#sentAt.delete(id);
    const message = {
      id,
      destination: stream.subscription.destination,
      subscription: stream.subscription,
      text: bytes === null ? event.data : hex(bytes, 256),
      binary: bytes !== null,
      size: bytes?.length ?? new TextEncoder().encode(event.data).length,
      at,
      latency: sentAt === undefined ? null : at - sentAt,
      waited: false,
      redelivered: false,
      headers: { "event-id": id, event: event.type },
      ack: null,
      nack: null,
    };
    this.#events.message(message);
    if (sentAt === undefined) {
      remember(this.#receivedEarly, id, message);
    }
  }

  #settleOwn(id, sentAt) {
    const early = this.#receivedEarly.get(id);
    if (early === undefined) {
      remember(this.#sentAt, id, sentAt);
      return;
    }
    this.#receivedEarly.delete(id);
    early.latency = Math.max(0, early.at - sentAt);
    this.#events.measured(early);
  }

  async #broken(stream, url) {
    if (this.#stopped || stream.source === null) {
      return;
    }
    if (stream.source.readyState === EventSource.CONNECTING) {
      this.#events.state("reconnecting", "The stream broke off; the browser opens it again and resumes after the last id.");
      return;
    }
    this.#close(stream);
    // EventSource tells nothing of a refusal, so the same request is made once more to read the problem.
    const refusal = await this.#refusal(url);
    if (this.#stopped) {
      return;
    }
    if (refusal !== null && refusal.status < 500 && refusal.status !== 429) {
      this.#stop(`GET /sse answered ${refusal.status}`, refusal.text);
      return;
    }
    const delayMs = this.#backoff.next();
    const why = refusal?.text ?? "The stream was refused";
    this.#events.state("reconnecting", `${why}. Next attempt in ${(delayMs / 1000).toFixed(1)} s.`);
    stream.timer = setTimeout(() => this.#open(stream), delayMs);
  }

  async #refusal(url) {
    const abort = new AbortController();
    try {
      const response = await fetch(url, { signal: abort.signal });
      return response.ok ? null : { status: response.status, text: await problemText(response) };
    } catch (error) {
      return { status: 503, text: `The gateway does not answer (${error.message})` };
    } finally {
      abort.abort();
    }
  }

  #close(stream) {
    clearTimeout(stream?.timer);
    stream?.source?.close();
    if (stream) {
      stream.source = null;
    }
  }

  #closeAll() {
    for (const stream of this.#streams.values()) {
      this.#close(stream);
    }
  }

  #stop(title, detail) {
    this.#stopped = true;
    this.#connectedAt = 0;
    this.#closeAll();
    this.#events.state("failed", detail ? `${title} — ${detail}` : title);
    this.#events.fault(title, detail);
  }
}

function remember(map, key, value) {
  map.set(key, value);
  if (map.size > OWN_IDS_MAX) {
    map.delete(map.keys().next().value);
  }
}
