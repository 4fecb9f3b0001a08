import { EventSource } from "eventsource";
import { until } from "./until.mjs";

/**
 * An EventSource that records its events, whose connection can be cut (as a network would) and whose reconnect can be held back.
 * `headers` are sent on every attempt, as a browser's EventSource could not.
 */
export class SsePeer {
  events = [];
  errors = [];
  attempts = [];
  opens = 0;
  #abort = new AbortController();
  #gate = Promise.resolve();
  #openGate = () => {};

  constructor(gateway, query, { headers = {}, types = ["message"] } = {}) {
    this.source = new EventSource(`${gateway.url}/sse?${query}`, { fetch: (url, init) => this.#fetch(url, init, headers) });
    this.source.onopen = () => this.opens++;
    this.source.onerror = (event) => this.errors.push(event);
    for (const type of types) {
      this.source.addEventListener(type, (event) => this.events.push({ id: event.lastEventId, data: event.data, type }));
    }
  }

  static query(destinations, more = {}) {
    const query = new URLSearchParams(more);
    destinations.forEach((destination) => query.append("destination", destination));
    return query;
  }

  static async open(gateway, query, options) {
    const peer = new SsePeer(gateway, query, options);
    await peer.opened(1);
    return peer;
  }

  get data() {
    return this.events.map((event) => event.data);
  }

  async opened(times) {
    await until(
      () => this.opens >= times || this.errors.some((error) => error.code >= 400),
      () => `open number ${times} of the event stream; ${this.errors.map((error) => error.message).join("; ")}`,
    );
    if (this.opens < times) {
      throw new Error(`The event stream was refused: ${this.errors.map((error) => error.message).join("; ")}`);
    }
  }

  async count(count) {
    await until(
      () => this.events.length >= count,
      () => `${count} events, have ${this.events.length}: ${JSON.stringify(this.events).slice(0, 500)}`,
    );
    return this.events[count - 1];
  }

  /** Cuts the connection; the reconnect waits until `resume()`. */
  cut() {
    this.#gate = new Promise((resolve) => (this.#openGate = resolve));
    this.#abort.abort();
  }

  async resume() {
    const before = this.opens;
    this.#openGate();
    await this.opened(before + 1);
  }

  close() {
    this.source.close();
    this.#openGate();
    this.#abort.abort();
  }

  async #fetch(url, init, headers) {
    await this.#gate;
    this.#abort = new AbortController();
    const sent = { ...init.headers, ...headers };
    this.attempts.push(sent);
    const response = await fetch(url, { ...init, headers: sent, signal: AbortSignal.any([init.signal, this.#abort.signal]) });
    // The cut must look like an end of the stream: on an AbortError the library would not reconnect.
    return {
      url: response.url,
      status: response.status,
      redirected: response.redirected,
      headers: response.headers,
      body: response.body && endOnError(response.body.getReader()),
    };
  }
}

function endOnError(reader) {
  return new ReadableStream({
    async pull(controller) {
      const read = await reader.read().catch(() => ({ done: true }));
      if (read.done) {
        controller.close();
      } else {
        controller.enqueue(read.value);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
