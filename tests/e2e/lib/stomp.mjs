import { Client, Versions } from "@stomp/stompjs";
import { WebSocket } from "ws";
import { until } from "./until.mjs";

// stompjs takes the global WebSocket, which Node 20 has not.
globalThis.WebSocket = WebSocket;

/** A stompjs client with its defaults, plus a record of all that came back. */
export class StompPeer {
  errors = [];
  closes = [];
  #receipts = 0;

  /** `config` goes to stompjs; without a `reconnectDelay` a lost connection stays lost, so that tests see the first close. */
  constructor(gateway, token, config = {}) {
    this.client = new Client({
      brokerURL: gateway.stompUrl,
      connectHeaders: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      reconnectDelay: 0,
      ...config,
    });
    this.connects = [];
    this.client.onConnect = (frame) => {
      this.connects.push(frame);
      this.onConnect?.(frame);
    };
    this.client.onStompError = (frame) => this.errors.push(frame);
    this.client.onWebSocketClose = (event) => this.closes.push({ code: event.code, reason: event.reason });
  }

  static async connect(gateway, token, config) {
    const peer = new StompPeer(gateway, token, config);
    peer.client.activate();
    await until(
      () => peer.connects.length > 0 || peer.closes.length > 0,
      "CONNECTED or a close",
    );
    if (peer.connects.length === 0) {
      throw new Error(`Not connected: ${peer.story()}`);
    }
    return peer;
  }

  /** Connects as a user who may send without limit. */
  static async connectUser(gateway, user, config) {
    return StompPeer.connect(gateway, await gateway.token(user, { perSecond: 0 }), config);
  }

  static version(number) {
    return new Versions([number]);
  }

  story() {
    const errors = this.errors.map((frame) => `ERROR ${frame.headers.message}: ${frame.body}`);
    return [...errors, ...this.closes.map((close) => `close ${close.code} ${close.reason}`)].join("; ") || "nothing came";
  }

  /** Subscribes and waits for the receipt: what is sent after this call is received. */
  async subscribe(destination, headers = {}) {
    const inbox = new Inbox(this, destination);
    await this.receipt((receipt) => {
      inbox.subscription = this.client.subscribe(destination, (message) => inbox.take(message), { ...headers, receipt });
    });
    return inbox;
  }

  async unsubscribe(inbox) {
    await this.receipt((receipt) => inbox.subscription.unsubscribe({ receipt }));
  }

  /** Publishes and waits until the gateway has answered for it. */
  async send(destination, body, headers = {}) {
    const content = body instanceof Uint8Array ? { binaryBody: body } : { body };
    await this.receipt((receipt) => this.client.publish({ destination, ...content, headers: { ...headers, receipt } }));
  }

  publish(destination, body, headers = {}) {
    this.client.publish({ destination, body, headers });
  }

  /** Runs `action` with a fresh receipt id and waits for that RECEIPT. */
  async receipt(action) {
    const id = `receipt-${++this.#receipts}`;
    let came = false;
    this.client.watchForReceipt(id, () => (came = true));
    action(id);
    await until(() => came || this.closes.length > 0, `RECEIPT ${id}`);
    if (!came) {
      throw new Error(`No RECEIPT ${id}: ${this.story()}`);
    }
  }

  /** Waits for the gateway's ERROR and its close, and returns both. */
  async refused(deadlineMs) {
    await until(() => this.closes.length > 0, () => `ERROR and a close; so far: ${this.story()}`, deadlineMs);
    return { error: this.errors.at(-1), close: this.closes.at(-1) };
  }

  async disconnect() {
    await this.client.deactivate();
  }
}

class Inbox {
  messages = [];
  #peer;
  #destination;

  constructor(peer, destination) {
    this.#peer = peer;
    this.#destination = destination;
  }

  take(message) {
    this.messages.push(message);
  }

  get bodies() {
    return this.messages.map((message) => message.body);
  }

  /** Waits until `count` messages in all have come, and returns the last of them. */
  async count(count, deadlineMs) {
    await until(
      () => this.messages.length >= count,
      () => `${count} messages on ${this.#destination}, have ${this.messages.length}; ${this.#peer.story()}`,
      deadlineMs,
    );
    return this.messages[count - 1];
  }
}
