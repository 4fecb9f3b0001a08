const POLL_MS = 10;

/** Waits until `condition` returns something truthy and returns it; throws, saying `what` was awaited, after `deadlineMs`. */
export async function until(condition, what, deadlineMs = 30_000) {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const value = await condition();
    if (value) {
      return value;
    }
    if (performance.now() > end) {
      throw new Error(`Waited ${deadlineMs} ms in vain: ${typeof what === "function" ? what() : what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
