/** Tables that turn into cards on a phone: each cell learns the head of its column, and stays a table for screen readers. */

export function labelTables(root: ParentNode): void {
  const tables = [...root.querySelectorAll<HTMLTableElement>("table.cards, table.compare")];
  const around = root instanceof Element ? root.closest<HTMLTableElement>("table.cards") : null;
  if (around) tables.push(around);
  for (const table of tables) {
    const heads = [...(table.tHead?.rows[0]?.cells ?? [])].map((cell) =>
      cell.querySelector(".visually-hidden") ? "" : (cell.textContent?.trim() ?? ""),
    );
    table.setAttribute("role", "table");
    for (const row of table.rows) {
      row.setAttribute("role", "row");
      for (const [i, cell] of [...row.cells].entries()) {
        if (cell.tagName === "TH") {
          cell.setAttribute("role", row.parentElement === table.tHead ? "columnheader" : "rowheader");
        } else {
          cell.setAttribute("role", "cell");
          cell.dataset.label ??= heads[i] ?? "";
        }
      }
    }
    for (const part of [table.tHead, ...table.tBodies]) part?.setAttribute("role", "rowgroup");
  }
}

/** A table too wide for its place is scrolled with the arrow keys, once focus can come to it. */
export function reachTables(root: ParentNode): void {
  for (const place of root.querySelectorAll<HTMLElement>(".table-responsive")) {
    const wide = place.scrollWidth > place.clientWidth || place.scrollHeight > place.clientHeight;
    if (wide && !place.querySelector("a, button, input, select")) place.tabIndex = 0;
  }
}
