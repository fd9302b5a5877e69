/** Keeps the page's clocks moving. The server's words stand until this runs, and its clock is the one that counts. */

import { fill, frameWords } from "../shared/words";

const serverNow = Date.parse(document.documentElement.dataset.now ?? "");
const ahead = Number.isNaN(serverNow) ? 0 : serverNow - Date.now();

function span(minutes: number): string {
  const { clock } = frameWords();
  if (minutes >= 48 * 60) return fill(clock.days, { days: Math.floor(minutes / 1440), hours: Math.floor((minutes % 1440) / 60) });
  if (minutes >= 60) return fill(clock.hours, { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
  return fill(clock.minutes, { minutes });
}

function tick(): void {
  const { clock } = frameWords();
  if (!clock) return;
  const now = Date.now() + ahead;
  for (const shown of document.querySelectorAll<HTMLElement>(".clock[data-due]")) {
    const left = Date.parse(shown.dataset.due!) - now;
    const state = left < 0 ? "over" : now >= Date.parse(shown.dataset.soon ?? "") ? "soon" : "running";
    const minutes = Math.floor(Math.abs(left) / 60_000);
    const words = fill(left < 0 ? clock.over : clock.left, { span: span(minutes) });
    const line = shown.querySelector("span");
    if (line && line.textContent !== words) line.textContent = words;
    if (!shown.classList.contains(`clock-${state}`)) {
      shown.classList.remove("clock-running", "clock-soon", "clock-over");
      shown.classList.add(`clock-${state}`);
      const use = shown.querySelector("use");
      const icon = { over: "clock-exclamation", soon: "hourglass", running: "clock" }[state];
      use?.setAttribute("href", (use.getAttribute("href") ?? "").replace(/#.*/, `#${icon}`));
    }
  }
}

setInterval(tick, 15_000);
document.addEventListener("visibilitychange", () => document.hidden || tick());
document.addEventListener("htmx:load", tick);
