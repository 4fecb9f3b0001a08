import { snippets } from "./snippets.js";

/** The "How to" panel: tabs by the ARIA pattern (arrow keys move), one code block, a copy button. */
export class HowTo {
  #elements;
  #values;
  #selected = "stomp";

  /** `values` returns what the snippets are filled with: origin, user, topic. */
  constructor(elements, values) {
    this.#elements = elements;
    this.#values = values;
    for (const { id, label } of snippets(...values())) {
      elements.tabs.append(this.#tab(id, label));
    }
    elements.tabs.addEventListener("keydown", (event) => this.#move(event));
    elements.copy.addEventListener("click", () => this.#copy());
    this.show();
  }

  show() {
    const shown = snippets(...this.#values()).find((snippet) => snippet.id === this.#selected);
    this.#elements.code.firstElementChild.textContent = shown.code;
    for (const tab of this.#elements.tabs.children) {
      const selected = tab.dataset.snippet === this.#selected;
      tab.setAttribute("aria-selected", String(selected));
      tab.tabIndex = selected ? 0 : -1;
    }
  }

  #tab(id, label) {
    const tab = document.createElement("button");
    tab.type = "button";
    tab.role = "tab";
    tab.dataset.snippet = id;
    tab.dataset.testid = `howto-tab-${id}`;
    tab.setAttribute("aria-controls", this.#elements.code.id);
    tab.textContent = label;
    tab.addEventListener("click", () => {
      this.#selected = id;
      this.show();
    });
    return tab;
  }

  #move(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) {
      return;
    }
    const tabs = [...this.#elements.tabs.children];
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
  }

  async #copy() {
    const { code, copy } = this.#elements;
    let copied = false;
    try {
      // Outside a secure context there is no clipboard, and permission can be refused.
      await navigator.clipboard.writeText(code.textContent);
      copied = true;
    } catch (error) {
      console.debug("The clipboard is closed to us:", error.message);
      getSelection().selectAllChildren(code);
    }
    copy.textContent = copied ? "Copied" : "Press Ctrl C";
    setTimeout(() => (copy.textContent = "Copy"), 1600);
  }
}
