/** The code of the "How to" panel, with this page's origin and the user's names filled in. */
export function snippets(origin, user, topic) {
  const socket = origin.replace(/^http/, "ws");
  return [
    {
      id: "stomp",
      label: "STOMP · JavaScript",
      code: `// npm install @stomp/stompjs@7.5.0
import { Client } from "@stomp/stompjs";

const client = new Client({
  brokerURL: "${socket}/stomp",
  connectHeaders: { Authorization: "Bearer " + token },
  heartbeatIncoming: 10000,
  heartbeatOutgoing: 10000,
  onConnect: () => {
    client.subscribe("${topic}", (message) => console.log(message.body));
    client.publish({ destination: "${topic}", body: "hello" });
  },
  onStompError: (frame) => console.error(frame.headers.message, frame.body),
});
client.activate();`,
    },
    {
      id: "sse",
      label: "SSE · EventSource",
      code: `// Reconnects by itself and resumes after the last id it saw.
const query = new URLSearchParams({ destination: "${topic}", token });
const events = new EventSource("${origin}/sse?" + query);

const show = (event) => console.log(event.lastEventId, event.type, event.data);

events.onmessage = show;                      // messages without a type
events.addEventListener("greeting", show);    // those of this type
events.addEventListener("gap", show);         // some that you missed are gone`,
    },
    {
      id: "curl",
      label: "Publish · curl",
      code: `# In development the gateway gives out tokens on loopback.
TOKEN=$(curl -s "${origin}/dev/token?user=${encodeURIComponent(user)}" | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')

curl -i ${origin}/api/v1/messages \\
  -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"to": {"topic": "${topic.replace(/^\/topic\//, "")}"}, "type": "greeting", "payload": {"text": "hello"}}'`,
    },
    {
      id: "listen",
      label: "Listen · curl",
      code: `# Every message of a topic, as text/event-stream.
curl -N -H "Authorization: Bearer $TOKEN" "${origin}/sse?destination=${topic}"`,
    },
  ];
}
