/** The last `capacity` latencies in milliseconds, oldest first, with nearest-rank percentiles. */
export class LatencyWindow {
  #values = [];
  #capacity;

  constructor(capacity) {
    this.#capacity = capacity;
  }

  get values() {
    return this.#values;
  }

  add(milliseconds) {
    this.#values.push(milliseconds);
    if (this.#values.length > this.#capacity) {
      this.#values.shift();
    }
  }

  clear() {
    this.#values.length = 0;
  }

  /** Returns the value at `fraction` (0 to 1), or null while the window is empty. */
  percentile(fraction) {
    if (this.#values.length === 0) {
      return null;
    }
    const sorted = this.#values.toSorted((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)];
  }
}

/** Counts events in a sliding window, to show a rate that neither jitters nor lags. */
export class RateMeter {
  #buckets = new Map();
  #windowSeconds;

  constructor(windowSeconds) {
    this.#windowSeconds = windowSeconds;
  }

  add(now) {
    const second = Math.floor(now / 1000);
    this.#buckets.set(second, (this.#buckets.get(second) ?? 0) + 1);
  }

  perSecond(now) {
    const oldest = now / 1000 - this.#windowSeconds;
    let total = 0;
    for (const [second, count] of this.#buckets) {
      if (second < Math.floor(oldest)) {
        this.#buckets.delete(second);
      } else {
        total += count;
      }
    }
    return total / this.#windowSeconds;
  }
}

/** Three significant figures are all that a glance can use. */
export function formatMs(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) {
    return "–";
  }
  if (milliseconds >= 60_000) {
    return `${Math.round(milliseconds / 60_000)} min`;
  }
  if (milliseconds >= 1000) {
    return `${(milliseconds / 1000).toFixed(milliseconds >= 10_000 ? 0 : 1)} s`;
  }
  return `${milliseconds.toFixed(milliseconds >= 100 ? 0 : milliseconds >= 10 ? 1 : 2)} ms`;
}

export function formatBytes(bytes) {
  if (bytes < 1024) {
    return `${bytes} B`;
  }
  const kib = bytes / 1024;
  return kib < 1024 ? `${kib.toFixed(kib < 10 ? 1 : 0)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}

export function formatCount(value) {
  if (value < 10_000) {
    return String(Math.round(value));
  }
  return new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 }).format(value);
}
