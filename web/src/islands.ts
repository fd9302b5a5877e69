/** Finds the islands of a page, fetches the code of each kind when one comes near the screen, and lets go when it leaves. */

import { EmptyPicture, NotLoaded, dataOf, savePng, type Draw, type Drawn } from "./shared/picture";
import { say, type Words } from "./shared/words";

const KINDS: Record<string, () => Promise<{ mount: Draw<any> }>> = {
  curve: () => import("./pages/curve"),
  rt: () => import("./pages/rt"),
  map: () => import("./pages/map"),
  bars: () => import("./pages/bars"),
  chains: () => import("./pages/chains"),
};

const live = new Map<HTMLElement, Drawn>();

const nearby = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      nearby.unobserve(entry.target);
      void wake(entry.target as HTMLElement);
    }
  },
  { rootMargin: "400px" },
);
const sizes = new ResizeObserver((entries) => {
  for (const entry of entries) live.get(entry.target as HTMLElement)?.resize?.();
});

async function wake(place: HTMLElement): Promise<void> {
  const words = JSON.parse(place.dataset.words ?? "{}") as Words;
  place.setAttribute("aria-busy", "true");
  try {
    const [{ mount }, data] = await Promise.all([KINDS[place.dataset.island!]!(), dataOf(place)]);
    const drawn = await mount(place, data, words);
    live.set(place, drawn);
    sizes.observe(place);
    const figure = place.closest("figure");
    const button = figure?.querySelector<HTMLButtonElement>("[data-export]");
    if (figure && button && drawn.paint) {
      button.hidden = false;
      button.addEventListener("click", () => void savePng(figure, drawn));
    }
  } catch (problem) {
    const empty = problem instanceof EmptyPicture;
    if (!empty) console.error(problem);
    const said = document.createElement("div");
    said.className = empty ? "state state-empty" : "state state-problem";
    const line = document.createElement("p");
    const unloaded = problem instanceof NotLoaded;
    line.textContent = empty ? problem.message : unloaded ? say("unloaded") : (words.failed ?? String(problem));
    said.append(line);
    place.replaceChildren(said);
    const table = place.closest("figure")?.querySelector("details");
    if (unloaded) table?.setAttribute("hidden", "");
    else if (!empty) table?.setAttribute("open", "");
  } finally {
    place.removeAttribute("aria-busy");
  }
}

export function findIslands(root: ParentNode): void {
  const found = [...root.querySelectorAll<HTMLElement>("[data-island]")];
  if (root instanceof HTMLElement && root.matches("[data-island]")) found.unshift(root);
  for (const place of found) {
    if (!(place.dataset.island! in KINDS) || live.has(place) || place.dataset.seen) continue;
    place.dataset.seen = "1";
    nearby.observe(place);
  }
}

findIslands(document);
document.addEventListener("htmx:load", (event) => findIslands((event as CustomEvent<{ elt: HTMLElement }>).detail.elt));
document.addEventListener("htmx:beforeCleanupElement", (event) => {
  const gone = (event as CustomEvent<{ elt: HTMLElement }>).detail.elt;
  for (const [place, drawn] of live) {
    if (gone === place || gone.contains(place)) {
      sizes.unobserve(place);
      drawn.dispose();
      live.delete(place);
    }
  }
});
// On paper a chart is painted again for the paper's width; one that was never near the screen gives its table instead.
addEventListener("beforeprint", () => {
  live.forEach((drawn) => drawn.resize?.());
  for (const place of document.querySelectorAll<HTMLElement>("[data-island]")) {
    if (place.dataset.island! in KINDS && !live.has(place)) {
      place.hidden = true;
      place.closest("figure")?.querySelector("details")?.setAttribute("open", "");
    }
  }
});
addEventListener("afterprint", () => {
  for (const place of document.querySelectorAll<HTMLElement>("[data-island][hidden]")) place.hidden = false;
});
