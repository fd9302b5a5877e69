/** Keys. Any element with data-key answers to it: "/" (a field takes focus), "n" or "g c" (a link opens, a button acts). */

const MEMORY = "lianfang-keys-off";
let before = "";
let forget: ReturnType<typeof setTimeout> | undefined;

const off = (): boolean => localStorage.getItem(MEMORY) === "1";

function typing(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return !!element?.closest?.("input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable=true]");
}

function act(element: HTMLElement): void {
  if (element.matches("input, textarea, select")) {
    element.focus();
    if (element instanceof HTMLInputElement) element.select();
  } else {
    element.click();
  }
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (typing(event.target)) {
    if (event.key === "Escape") (event.target as HTMLElement).blur();
    return;
  }
  if (off() || document.querySelector("dialog[open]")) return;
  const pressed = before ? `${before} ${event.key}` : event.key;
  before = "";
  clearTimeout(forget);
  const answering = [...document.querySelectorAll<HTMLElement>("[data-key]")];
  const element = answering.find((one) => one.dataset.key === pressed);
  if (element) {
    event.preventDefault();
    act(element);
  } else if (answering.some((one) => one.dataset.key!.startsWith(`${event.key} `))) {
    before = event.key;
    forget = setTimeout(() => (before = ""), 1500);
  }
});

/** Fill the help window with the keys that this very page answers to. */
export function listKeys(list: HTMLElement): void {
  const seen = new Set<string>();
  list.replaceChildren();
  for (const element of document.querySelectorAll<HTMLElement>("[data-key]")) {
    const key = element.dataset.key!;
    if (seen.has(key)) continue;
    seen.add(key);
    const words = element.dataset.keyName ?? element.getAttribute("aria-label") ?? element.querySelector("span")?.textContent ?? element.textContent ?? "";
    const term = document.createElement("dt");
    key.split(" ").forEach((one, i) => {
      if (i) term.append(" ");
      const cap = document.createElement("kbd");
      cap.textContent = one;
      term.append(cap);
    });
    const meaning = document.createElement("dd");
    meaning.textContent = words.trim();
    list.append(term, meaning);
  }
  const choice = document.querySelector<HTMLInputElement>("[data-keys-on]");
  if (choice) {
    choice.checked = !off();
    choice.onchange = () => (choice.checked ? localStorage.removeItem(MEMORY) : localStorage.setItem(MEMORY, "1"));
  }
}
