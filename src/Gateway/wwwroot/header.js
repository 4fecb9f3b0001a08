const $ = (id) => document.getElementById(id);

/** Switches between light and dark and keeps the choice; until the first click the page follows the system. */
export function themeToggle(button, redraw) {
  const darkByDefault = matchMedia("(prefers-color-scheme: dark)");
  darkByDefault.addEventListener("change", redraw);
  button.addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : darkByDefault.matches;
    root.dataset.theme = dark ? "light" : "dark";
    try {
      localStorage.setItem("fastpush.theme", root.dataset.theme);
    } catch (error) {
      console.debug("The theme is not kept:", error.message);
    }
    redraw();
  });
}

/** Shows version, mode and durability from GET /api/v1/info; returns null, and shows nothing, where that is not served. */
export async function showInfo() {
  const response = await fetch("/api/v1/info", { cache: "no-store" });
  if (!response.ok) {
    return null;
  }
  const info = await response.json();
  $("info-line").textContent = [`v${info.version}`, info.mode, `node ${info.serverId}`].join(" · ");
  const facts = [
    ["Version", info.version],
    ["Mode", info.mode],
    ["Node", info.serverId],
    ["Environment", info.environment],
  ];
  $("info-facts").replaceChildren(...facts.flatMap(([name, value]) => [textElement("dt", name), textElement("dd", value)]));
  fillList($("info-durable"), info.durable);
  fillList($("info-not-durable"), info.notDurable);
  $("info-pill").hidden = false;
  return info;
}

function fillList(list, items) {
  list.replaceChildren(...(items?.length ? items : ["nothing"]).map((text) => textElement("li", text)));
}

function textElement(name, text) {
  const node = document.createElement(name);
  node.textContent = text;
  return node;
}
