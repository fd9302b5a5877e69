/** Windows (<dialog>), menus (<details>), and asking before what can't be taken back. */

import { listKeys } from "./keys";

document.addEventListener("click", (event) => {
  const target = event.target as HTMLElement;
  const opener = target.closest<HTMLElement>("[data-opens]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.opens!);
    if (dialog instanceof HTMLDialogElement) {
      closeMenus();
      const keys = dialog.querySelector<HTMLElement>("[data-key-list]");
      if (keys) listKeys(keys);
      dialog.showModal();
    }
    return;
  }
  if (target.closest("[data-closes]")) target.closest("dialog")?.close();
  // A click on the backdrop lands on the dialog itself.
  if (target instanceof HTMLDialogElement && target.open) {
    const box = target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) target.close();
  }
  closeMenus(target);
});

const MENUS = "details.menu[open], details.foot-more[open]";

function closeMenus(except?: Element): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>(MENUS)) {
    if (!except || !menu.contains(except)) menu.open = false;
  }
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll<HTMLDetailsElement>(MENUS)) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
  }
});

/** Ask in the page's own window; resolves to whether to go on. */
export function sure(question: string): Promise<boolean> {
  const dialog = document.getElementById("sure");
  if (!(dialog instanceof HTMLDialogElement)) return Promise.resolve(window.confirm(question));
  dialog.querySelector("#sure-words")!.textContent = question;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true });
  });
}

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target as HTMLFormElement;
    const button = (event as SubmitEvent).submitter as HTMLButtonElement | null;
    const question = button?.dataset.sure ?? form.dataset.sure;
    if (!question || form.dataset.wasSure) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    void sure(question).then((yes) => {
      if (!yes) return;
      form.dataset.wasSure = "1";
      form.requestSubmit(button);
      delete form.dataset.wasSure;
    });
  },
  { capture: true },
);
document.addEventListener("htmx:confirm", (event) => {
  const { detail } = event as CustomEvent<{ question?: string; issueRequest(skip: boolean): void }>;
  if (!detail.question) return;
  event.preventDefault();
  void sure(detail.question).then((yes) => yes && detail.issueRequest(true));
});
