/** What an exact sender's body becomes in POST /api/v1/messages for a STOMP destination; null when it is no destination to send to. */
export function publishTarget(destination) {
  const topic = /^\/topic\/(.+)$/s.exec(destination);
  if (topic) {
    return { topic: topic[1] };
  }
  const queue = /^\/user\/([^/]+)\/queue\/(.+)$/s.exec(destination);
  return queue ? { user: queue[1], queue: queue[2] } : null;
}

export function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The body as text when it is UTF-8, else null. */
export function utf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

export function hex(bytes, most) {
  const shown = Array.from(bytes.subarray(0, most), (b) => b.toString(16).padStart(2, "0")).join(" ");
  return bytes.length > most ? `${shown} …` : shown;
}

export function base64(bytes) {
  let binary = "";
  for (const b of bytes) {
    binary += String.fromCharCode(b);
  }
  return btoa(binary);
}

/** The human part of an RFC 9457 problem, else the status. */
export async function problemText(response) {
  const text = await response.text();
  try {
    const problem = JSON.parse(text);
    return [problem.title, problem.detail].filter(Boolean).join(": ") || `${response.status} ${response.statusText}`;
  } catch {
    return text.slice(0, 300) || `${response.status} ${response.statusText}`;
  }
}
