const SAMPLE = /^([a-zA-Z_:][\w:]*)(\{[^}]*\})?\s+(\S+)/;

/** Sums every sample of Prometheus text by metric name, over all label sets. */
export function parsePrometheus(text) {
  const totals = new Map();
  for (const line of text.split("\n")) {
    if (line.startsWith("#")) {
      continue;
    }
    const match = SAMPLE.exec(line);
    const value = match ? Number(match[3]) : NaN;
    if (Number.isFinite(value)) {
      totals.set(match[1], (totals.get(match[1]) ?? 0) + value);
    }
  }
  return totals;
}

/** Polls GET /metrics while the page is visible and reports the gateway's figures, counters as rates between two polls. */
export class GatewayMetrics {
  #intervalMs;
  #report;
  #previous = null;

  constructor(intervalMs, report) {
    this.#intervalMs = intervalMs;
    this.#report = report;
  }

  start() {
    this.#poll();
    setInterval(() => {
      if (!document.hidden) {
        this.#poll();
      }
    }, this.#intervalMs);
  }

  async #poll() {
    try {
      const response = await fetch("/metrics", { cache: "no-store", signal: AbortSignal.timeout(this.#intervalMs) });
      if (!response.ok) {
        throw new Error(`GET /metrics answered ${response.status}`);
      }
      this.#report(this.#figures(parsePrometheus(await response.text()), performance.now()), null);
    } catch (error) {
      this.#previous = null;
      this.#report(null, error);
    }
  }

  #figures(totals, now) {
    const current = {
      at: now,
      published: counter(totals, "push_messages_published"),
      delivered: counter(totals, "push_messages_delivered"),
      failed: counter(totals, "push_messages_failed"),
    };
    const before = this.#previous;
    this.#previous = current;
    const seconds = before ? (now - before.at) / 1000 : 0;
    // A counter that went down means that the gateway restarted: the rate starts again from nothing.
    const rate = (name) => (before && current[name] >= before[name] ? (current[name] - before[name]) / seconds : null);
    return {
      connections: totals.get("push_connections_active") ?? null,
      offline: totals.get("push_offline_queue_size") ?? null,
      published: { total: current.published, perSecond: rate("published") },
      delivered: { total: current.delivered, perSecond: rate("delivered") },
      failed: { total: current.failed, perSecond: rate("failed") },
    };
  }
}

// OpenMetrics writers append _total to counters; the older text format does not.
function counter(totals, name) {
  return totals.get(name) ?? totals.get(`${name}_total`) ?? 0;
}
