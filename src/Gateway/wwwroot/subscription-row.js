/** One line of the subscription list; sets `subscription.countNode`, where its count is shown. */
export function subscriptionRow(subscription, onRemove) {
  const row = document.createElement("li");
  row.dataset.testid = "sub-item";
  const name = span("sub-name", subscription.destination);
  name.title = subscription.destination;
  subscription.countNode = span("sub-count", "0");
  subscription.countNode.dataset.testid = "sub-count";
  row.append(
    name,
    span("badge", subscription.ack === "auto" ? "auto" : "individual"),
    subscription.countNode,
    removeButton(subscription.destination, onRemove),
  );
  return row;
}

function removeButton(destination, onRemove) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "icon-button tiny";
  button.textContent = "×";
  button.dataset.testid = "sub-remove";
  button.setAttribute("aria-label", `Unsubscribe from ${destination}`);
  button.addEventListener("click", onRemove);
  return button;
}

function span(className, text) {
  const node = document.createElement("span");
  node.className = className;
  node.textContent = text;
  return node;
}
