import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { until } from "./until.mjs";

const GATEWAY_DIRECTORY = fileURLToPath(new URL("../../../src/Gateway/", import.meta.url));
const GATEWAY_DLL = process.env.FASTPUSH_GATEWAY_DLL ?? `${GATEWAY_DIRECTORY}bin/Release/net10.0/FastPush.Gateway.dll`;
const START_MS = 30_000;
const STOP_MS = 45_000;
const OUTPUT_CHARS_MAX = 200_000;

/** Starts the built gateway on a free port (or on `port`) and returns it when it reports that it is ready. */
export async function startGateway({ args = [], env = {}, port } = {}) {
  const gateway = new Gateway(port ?? (await freePort()), args, env);
  try {
    await gateway.waitUntilReady();
  } catch (error) {
    await gateway.kill();
    throw error;
  }
  return gateway;
}

class Gateway {
  #process;
  #exit;
  output = "";

  constructor(port, args, env) {
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.stompUrl = `ws://127.0.0.1:${port}/stomp`;
    // The working directory is the content root: appsettings.json and wwwroot are there.
    this.#process = spawn("dotnet", [GATEWAY_DLL, "--urls", this.url, ...args], {
      cwd: GATEWAY_DIRECTORY,
      env: {
        ...process.env,
        DOTNET_ENVIRONMENT: "Development",
        ASPNETCORE_ENVIRONMENT: "Development",
        DOTNET_NOLOGO: "1",
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        this.output = (this.output + text).slice(-OUTPUT_CHARS_MAX);
      });
    }
    this.#exit = new Promise((resolve) => {
      this.#process.once("error", (error) => resolve({ code: null, signal: null, error }));
      this.#process.once("close", (code, signal) => resolve({ code, signal }));
    });
  }

  get running() {
    return this.#process.exitCode === null && this.#process.signalCode === null && this.#process.pid !== undefined;
  }

  async waitUntilReady() {
    await until(
      async () => {
        if (!this.running) {
          const exit = await this.#exit;
          throw new Error(`The gateway ended before it was ready: ${JSON.stringify(exit)} ${exit.error ?? ""}\n${this.output}`);
        }
        return (await this.#status("/health/ready")) === 200;
      },
      () => `GET ${this.url}/health/ready is 200\n${this.output}`,
      START_MS,
    );
  }

  /** The exit code once the process ended by itself or by a signal. */
  async exited() {
    return this.#exit;
  }

  /** Asks it to end (SIGTERM) and returns `{code, signal}`; fails, and kills it, when it takes longer than its drain may. */
  async stop() {
    if (this.running) {
      this.#process.kill("SIGTERM");
    }
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), STOP_MS);
    try {
      return await this.#exit;
    } finally {
      clearTimeout(timer);
    }
  }

  async kill() {
    if (this.running) {
      this.#process.kill("SIGKILL");
    }
    await this.#exit;
  }

  /** A development token. Rights as `channels` claim patterns; without any, what the development endpoint grants by itself. */
  async token(user, { subscribe = [], publish = [], roles = [], burst, perSecond, ttlSeconds } = {}) {
    const query = new URLSearchParams({ user });
    for (const [name, values] of Object.entries({ subscribe, publish, roles })) {
      values.forEach((value) => query.append(name, value));
    }
    for (const [name, value] of Object.entries({ burst, perSecond, ttlSeconds })) {
      if (value !== undefined) {
        query.set(name, String(value));
      }
    }
    const response = await fetch(`${this.url}/dev/token?${query}`);
    if (!response.ok) {
      throw new Error(`GET /dev/token answered ${response.status}: ${await response.text()}`);
    }
    return (await response.json()).token;
  }

  /** A back end's token: no limit on what it sends, so that only the tests of the limit meet it. */
  async backendToken(user = "backend") {
    return this.token(user, { perSecond: 0 });
  }

  async get(path, headers = {}) {
    return fetch(this.url + path, { headers });
  }

  async publish(token, message, headers = {}) {
    return fetch(`${this.url}/api/v1/messages`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", ...headers },
      body: typeof message === "string" ? message : JSON.stringify(message),
    });
  }

  async #status(path) {
    try {
      const response = await fetch(this.url + path, { signal: AbortSignal.timeout(2000) });
      await response.arrayBuffer();
      return response.status;
    } catch (error) {
      // Not listening yet, or not answering yet: the caller asks again until its deadline.
      return error.name;
    }
  }
}

/** A port that nobody has now, below those that the system gives to outgoing connections. */
export async function freePort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const isFree = await new Promise((resolve) => {
      server.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true));
    });
    if (isFree) {
      await new Promise((resolve) => server.close(resolve));
      return port;
    }
  }
}
