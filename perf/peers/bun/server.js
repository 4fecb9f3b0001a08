// uWebSockets as Bun ships it, with as little STOMP 1.2 on top as fastpush-load needs: the peer to be measured against. One thread,
// no tokens, no heart-beats, no acknowledgements. A subscription is a topic of uWebSockets named by subscription id and destination,
// so that all who chose the same id share one encoded frame.
const NUL = "\0";
const audiences = new Map(); // destination -> Map(subscription id -> number of subscribers)
let lastId = 0;

const topicOf = (id, destination) => `${id}\n${destination}`;

// Header lines between the command and the empty line; the first of a name counts (STOMP 1.2, "Repeated Header Entries").
function parse(frame) {
  const headEnd = frame.indexOf("\n\n");
  const [command, ...lines] = frame.slice(0, headEnd).split("\n");
  const headers = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon)] ??= line.slice(colon + 1);
  }
  return { command, headers, body: frame.slice(headEnd + 2, frame.lastIndexOf(NUL)) };
}

function join(socket, id, destination) {
  if (socket.data.has(id)) return;
  const audience = audiences.get(destination) ?? new Map();
  audiences.set(destination, audience.set(id, (audience.get(id) ?? 0) + 1));
  socket.data.set(id, destination);
  socket.subscribe(topicOf(id, destination));
}

function leave(socket, id) {
  const destination = socket.data.get(id);
  const audience = audiences.get(destination);
  if (!audience) return;
  socket.data.delete(id);
  const left = audience.get(id) - 1;
  if (left > 0) audience.set(id, left);
  else audience.delete(id);
  if (audience.size === 0) audiences.delete(destination);
}

function send({ headers, body }) {
  const audience = audiences.get(headers.destination);
  if (!audience) return;
  const type = headers["content-type"] ? `content-type:${headers["content-type"]}\n` : "";
  const tail = `\nmessage-id:${++lastId}\ndestination:${headers.destination}\n${type}content-length:${Buffer.byteLength(body)}\n\n${body}${NUL}`;
  for (const id of audience.keys()) server.publish(topicOf(id, headers.destination), `MESSAGE\nsubscription:${id}${tail}`);
}

function receive(socket, data) {
  const text = typeof data === "string" ? data : data.toString();
  if (text === "\n") return;
  const frame = parse(text);
  const { command, headers } = frame;
  if (command === "SEND") send(frame);
  else if (command === "CONNECT" || command === "STOMP") socket.send(`CONNECTED\nversion:1.2\nheart-beat:0,0\n\n${NUL}`);
  else if (command === "SUBSCRIBE") join(socket, headers.id, headers.destination);
  else if (command === "UNSUBSCRIBE") {
    const destination = socket.data.get(headers.id);
    leave(socket, headers.id);
    socket.unsubscribe(topicOf(headers.id, destination));
  }
  if (headers.receipt) socket.send(`RECEIPT\nreceipt-id:${headers.receipt}\n\n${NUL}`);
}

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT ?? 18090),
  fetch: (request, self) => self.upgrade(request, { data: new Map() }) ? undefined : new Response("WebSocket only\n", { status: 426 }),
  websocket: {
    message: receive,
    close: socket => [...socket.data.keys()].forEach(id => leave(socket, id)),
    perMessageDeflate: false,
    idleTimeout: 0,
  },
});
console.log(`listens on ${server.port}`);
