/** Requests in flight and what came of them: the busy line, and toasts when something failed. */

import htmx from "htmx.org";

import { say } from "../shared/words";

// Before htmx looks at the page. No evaluated attributes and no injected styles: the content security policy bars both.
// Nothing of a page is kept in the browser's storage. A form that comes back with its errors (422) is shown.
Object.assign(htmx.config, {
  allowEval: false,
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
  historyCacheSize: 0,
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "422", swap: true },
    { code: "[45]..", swap: false, error: true },
  ],
});

const line = document.getElementById("busy");
let waiting = 0;

export function busy(): () => void {
  waiting += 1;
  line?.classList.add("is-busy");
  let done = false;
  return () => {
    if (done) return;
    done = true;
    waiting -= 1;
    if (waiting === 0) line?.classList.remove("is-busy");
  };
}

/** Show a message that goes away by itself. Errors stay until closed. */
export function toast(text: string, level: "info" | "success" | "warning" | "error" = "info"): void {
  const holder = document.getElementById("toasts");
  if (!holder) return;
  const notice = document.createElement("div");
  notice.className = `notice notice-${level}`;
  if (level === "error") notice.setAttribute("role", "alert");
  const words = document.createElement("div");
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "×";
  close.setAttribute("aria-label", say("close"));
  close.addEventListener("click", () => notice.remove());
  notice.append(words, close);
  holder.append(notice);
  if (level !== "error") setTimeout(() => notice.remove(), 6000);
}

const inFlight = new WeakMap<XMLHttpRequest, () => void>();
type Detail = CustomEvent<{ xhr: XMLHttpRequest }>;

document.addEventListener("htmx:beforeSend", (event) => inFlight.set((event as Detail).detail.xhr, busy()));
document.addEventListener("htmx:afterRequest", (event) => inFlight.get((event as Detail).detail.xhr)?.());
document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = (event as Detail).detail;
  // A refusal in words comes as plain text; anything else is a page of its own and not for a toast.
  const plain = xhr.getResponseHeader("Content-Type")?.startsWith("text/plain") && xhr.responseText.length < 500;
  toast(plain ? xhr.responseText : xhr.status >= 500 ? say("failed") : say("refused"), "error");
});
document.addEventListener("htmx:sendError", () => toast(say("offline"), "error"));
// The server may answer with HX-Trigger: {"toast": {"text": "…", "level": "success"}}.
document.addEventListener("toast", (event) => {
  const { text, level } = (event as CustomEvent<{ text: string; level?: "info" | "success" | "warning" | "error" }>).detail;
  toast(text, level);
});

// Ordinary navigation shows the same line until the next page arrives.
addEventListener("pagehide", () => line?.classList.remove("is-busy"));
document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  if (!event.defaultPrevented && !form.hasAttribute("hx-post") && !form.hasAttribute("hx-get") && form.method !== "dialog") {
    const done = busy();
    setTimeout(done, 15_000);
  }
});
addEventListener("pageshow", () => {
  waiting = 0;
  line?.classList.remove("is-busy");
});

export { htmx };
