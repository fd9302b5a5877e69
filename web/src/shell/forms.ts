/** Forms: errors take focus, nothing is sent twice, nothing typed is lost unasked, files are checked before they travel. */

import { say } from "../shared/words";
import { findIslands } from "../islands";
import { htmx } from "./requests";
import { labelTables, reachTables } from "./tables";

function focusErrors(root: ParentNode): void {
  root.querySelector<HTMLElement>("[data-takes-focus]")?.focus();
}

/** Menus that act at once: <select data-submits> sends its form when its value changes. */
document.addEventListener("change", (event) => {
  const field = event.target as HTMLInputElement;
  if (field.matches("[data-submits]")) field.form?.requestSubmit();
});

// A second press of the same button is not a second request.
document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("data-many")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  form.setAttribute("aria-busy", "true");
  guarded.delete(form);
  setTimeout(() => release(form), 15_000);
});
function release(form: HTMLFormElement): void {
  delete form.dataset.sent;
  form.removeAttribute("aria-busy");
}
addEventListener("pageshow", () => document.querySelectorAll<HTMLFormElement>("form[data-sent]").forEach(release));
document.addEventListener("htmx:afterRequest", (event) => {
  const form = (event.target as HTMLElement).closest("form");
  if (form) release(form);
});

// <form data-guard> asks before the page is left with something typed and not saved.
const guarded = new Set<HTMLFormElement>();
document.addEventListener("input", (event) => {
  const form = (event.target as HTMLInputElement).form;
  if (form?.hasAttribute("data-guard")) guarded.add(form);
});
addEventListener("beforeunload", (event) => {
  if ([...guarded].some((form) => form.isConnected)) event.preventDefault();
});

/** Choosing a file: by click, by key or by dropping; its size and kind are checked here before it travels. */
function enliven(zone: HTMLElement): void {
  const input = zone.querySelector<HTMLInputElement>("input[type=file]");
  const form = zone.closest("form");
  if (!input || !form || zone.classList.contains("is-live")) return;
  zone.classList.add("is-live");
  const error = zone.querySelector<HTMLElement>("[data-dropzone-error]")!;
  const chosen = zone.querySelector<HTMLElement>("[data-dropzone-file]")!;
  const progress = zone.querySelector<HTMLProgressElement>("[data-dropzone-progress]")!;

  const look = () => {
    const limit = Number(zone.dataset.limit);
    const kinds = (zone.dataset.kinds ?? "").split(",").filter(Boolean);
    const file = input.files?.[0];
    let wrong = "";
    if (file && file.size > limit) wrong = say("too_large", { name: file.name, size: size(file.size), limit: size(limit) });
    else if (file && kinds.length && !kinds.some((kind) => file.name.toLowerCase().endsWith(kind))) {
      wrong = say("wrong_kind", { name: file.name, kinds: kinds.join(" ") });
    }
    input.setCustomValidity(wrong);
    error.textContent = wrong;
    error.hidden = !wrong;
    zone.classList.toggle("has-error", Boolean(wrong));
    chosen.textContent = file && !wrong ? `${file.name} · ${size(file.size)}` : "";
    chosen.hidden = !chosen.textContent;
  };
  input.addEventListener("change", look);
  for (const kind of ["dragenter", "dragover"]) zone.addEventListener(kind, () => zone.classList.add("is-over"));
  for (const kind of ["dragleave", "drop"]) zone.addEventListener(kind, () => zone.classList.remove("is-over"));

  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented || form.hasAttribute("hx-post")) return;
    const file = input.files?.[0];
    if (!file || input.validationMessage) {
      if (file) event.preventDefault();
      return;
    }
    if (file.size < 512 * 1024) return; // too short a wait to show
    event.preventDefault();
    send(form, event.submitter, file.name, progress, chosen, error);
  });
}

function send(
  form: HTMLFormElement, button: HTMLElement | null, name: string,
  progress: HTMLProgressElement, chosen: HTMLElement, error: HTMLElement,
): void {
  const request = new XMLHttpRequest();
  const body = new FormData(form, button);
  const stop = () => {
    progress.hidden = true;
    release(form);
  };
  form.setAttribute("aria-busy", "true");
  progress.hidden = false;
  chosen.hidden = false;
  request.upload.addEventListener("progress", (event) => {
    const percent = Math.round((100 * event.loaded) / (event.total || 1));
    progress.value = percent;
    chosen.textContent = percent < 100 ? say("sending", { name, percent }) : say("sent");
  });
  request.addEventListener("load", () => {
    stop();
    const asked = new URL(form.action, location.href);
    if (request.responseURL && new URL(request.responseURL).pathname !== asked.pathname) {
      location.assign(request.responseURL);
      return;
    }
    // The same address answered with a page: the form again with its errors, or a refusal.
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    const main = document.querySelector("main");
    const next = page.querySelector("main");
    if (!main || !next) {
      error.textContent = say(request.status >= 500 ? "failed" : "refused");
      error.hidden = false;
      return;
    }
    main.replaceChildren(...next.childNodes);
    htmx.process(main);
    prepare(main);
    findIslands(main);
  });
  request.addEventListener("error", () => {
    stop();
    chosen.hidden = true;
    error.textContent = say("offline");
    error.hidden = false;
  });
  request.open("POST", form.action);
  request.send(body);
}

function size(bytes: number): string {
  const format = (value: number) => value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 });
  return bytes < 1024 * 1024 ? `${format(bytes / 1024)} kB` : `${format(bytes / 1024 / 1024)} MB`;
}

function prepare(root: ParentNode): void {
  root.querySelectorAll<HTMLElement>("[data-island=dropzone]").forEach(enliven);
  labelTables(root);
  reachTables(root);
  focusErrors(root);
}

prepare(document);
document.addEventListener("toggle", (event) => reachTables(event.target as Element), true);
document.addEventListener("htmx:load", (event) => prepare((event as CustomEvent<{ elt: HTMLElement }>).detail.elt));
