/** Exponential back-off with full jitter on its upper half, so that many tabs do not come back in step. */
export class Backoff {
  #firstMs;
  #mostMs;
  #attempt = 0;

  constructor(firstMs, mostMs) {
    this.#firstMs = firstMs;
    this.#mostMs = mostMs;
  }

  next() {
    const ceiling = Math.min(this.#mostMs, this.#firstMs * 2 ** this.#attempt);
    this.#attempt += 1;
    return Math.round(ceiling / 2 + Math.random() * (ceiling / 2));
  }

  reset() {
    this.#attempt = 0;
  }
}
