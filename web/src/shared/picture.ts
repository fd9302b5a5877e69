/** What every chart and map shares: where its data come from, its table, its PNG. */

import { token } from "./palette";
import type { Words } from "./words";

/** A drawn picture: how to resize, paint and remove it. */
export interface Drawn {
  resize?(): void;
  /** The picture as a canvas, for the PNG. */
  paint?(): HTMLCanvasElement | Promise<HTMLCanvasElement>;
  /** Lines of explanation set under the picture in the PNG: [colour, words]. */
  legend?: [string, string][];
  dispose(): void;
}

/** The data never came, so there is no table of them either. */
export class NotLoaded extends Error {}

/** There is nothing to draw, and the message says so. */
export class EmptyPicture extends Error {}

export type Draw<Data> = (place: HTMLElement, data: Data, words: Words) => Drawn | Promise<Drawn>;

/** The data beside the place (data-json names the script element) or behind its address (data-src). */
export async function dataOf<Data>(place: HTMLElement): Promise<Data> {
  const beside = place.dataset.json && document.getElementById(place.dataset.json);
  if (beside) return JSON.parse(beside.textContent ?? "null") as Data;
  const answer = await fetch(place.dataset.src ?? "", {
    headers: { Accept: "application/json" }, credentials: "same-origin",
  });
  if (!answer.ok) throw new NotLoaded(`${answer.status} ${answer.statusText}`);
  return (await answer.json()) as Data;
}

/** Fill the table under a picture whose data came by address, so that its numbers can be read without the picture. */
export function fillTable(place: HTMLElement, heads: string[], rows: (string | number)[][]): void {
  const figure = place.closest("figure");
  const holder = figure?.querySelector(`[data-table-of="${CSS.escape(figure.id)}"] .table-responsive`);
  if (!holder) return;
  const table = document.createElement("table");
  table.className = "table table-figures";
  const head = table.createTHead().insertRow();
  for (const words of heads) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = words;
    head.append(cell);
  }
  const body = table.createTBody();
  for (const [first, ...others] of rows) {
    const row = body.insertRow();
    const cell = document.createElement("th");
    cell.scope = "row";
    cell.textContent = String(first);
    row.append(cell);
    for (const value of others) row.insertCell().textContent = String(value);
  }
  holder.replaceChildren(table);
}

/** Save a picture as PNG with its title, its note (unit, as-of day) and its legend: a file that explains itself. */
export async function savePng(figure: HTMLElement, drawn: Drawn): Promise<void> {
  const picture = await drawn.paint?.();
  if (!picture) return;
  const scale = picture.width / (figure.querySelector<HTMLElement>("[data-island]")?.clientWidth || picture.width);
  const pad = 16 * scale;
  const legend = drawn.legend ?? [];
  const family = getComputedStyle(document.body).fontFamily;
  const page = document.createElement("canvas");
  const headHeight = 56 * scale;
  const perRow = Math.max(1, Math.floor(picture.width / (130 * scale)));
  const legendHeight = legend.length ? (Math.ceil(legend.length / perRow) * 22 + 14) * scale : 0;
  page.width = picture.width + 2 * pad;
  page.height = picture.height + headHeight + legendHeight + 2 * pad;
  const pen = page.getContext("2d")!;
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, page.width, page.height);
  pen.fillStyle = token("ink");
  pen.font = `600 ${18 * scale}px ${family}`;
  pen.fillText(figure.querySelector(".picture-title")?.textContent?.trim() ?? "", pad, pad + 20 * scale);
  pen.fillStyle = token("ink-soft");
  pen.font = `${13 * scale}px ${family}`;
  pen.fillText(figure.querySelector(".picture-note")?.textContent?.trim() ?? "", pad, pad + 42 * scale);
  pen.drawImage(picture, pad, pad + headHeight);
  legend.forEach(([colour, words], i) => {
    const x = pad + (i % perRow) * 130 * scale;
    const y = pad + headHeight + picture.height + (Math.floor(i / perRow) * 22 + 12) * scale;
    pen.fillStyle = colour;
    pen.fillRect(x, y, 18 * scale, 12 * scale);
    pen.strokeStyle = "#6d8089";
    pen.lineWidth = scale;
    pen.strokeRect(x, y, 18 * scale, 12 * scale);
    pen.fillStyle = token("ink");
    pen.fillText(words, x + 25 * scale, y + 11 * scale);
  });
  const blob = await new Promise<Blob | null>((done) => page.toBlob(done, "image/png"));
  if (blob) saveAs(blob, `${figure.id}.png`);
}

function saveAs(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
