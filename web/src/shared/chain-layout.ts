/** Where each case of a chain stands: rows chain by chain, or lanes by generation or place. Nothing here draws. */

/** Columns of the picture's data; days are counted from the first, -1 stands for none. */
export interface ChainData {
  first: string;
  asOf: string;
  classes: { key: string; label: string }[];
  places: string[];
  certainties: { key: string; label: string }[];
  settings: string[];
  id: string[];
  number: string[];
  class: number[];
  onset: (number | null)[];
  report: (number | null)[];
  place: number[];
  introduced: number[];
  generation: number[];
  infector: number[];
  cluster: number[];
  link: number[];
  from: number[];
  to: number[];
  certainty: number[];
  setting: number[];
  open: string;
}

export type Arrangement = "timeline" | "byGeneration" | "byPlace" | "tree";

export interface Lane {
  label: number;
  from: number;
  to: number;
}

export interface Layout {
  /** Day or generation of each case, and its row; both counted from 0 and kept through every zoom. */
  x: Float32Array;
  y: Float32Array;
  lanes: Lane[];
  columns: number;
  rows: number;
}

/** The children of each case, the earliest first, and the cases without infector, cluster by cluster. */
export function kinOf(data: ChainData): { children: number[][]; starts: number[]; day: Float32Array; known: Uint8Array } {
  const n = data.infector.length;
  const children: number[][] = Array.from({ length: n }, () => []);
  const day = new Float32Array(n);
  const known = new Uint8Array(n);
  const bare: number[] = [];
  for (let i = 0; i < n; i++) {
    const at = data.onset[i] ?? data.report[i];
    known[i] = data.onset[i] != null ? 1 : 0;
    if (at == null) bare.push(i);
    else day[i] = at;
    if (data.infector[i]! >= 0) children[data.infector[i]!]!.push(i);
  }
  // A case without any day stands a day before the first it infected.
  for (const i of bare) {
    const after = children[i]!.map((child) => day[child]!);
    day[i] = after.length ? Math.min(...after) - 1 : 0;
  }
  for (const list of children) list.sort((a, b) => day[a]! - day[b]! || a - b);
  const opened = new Map<number, number>();
  for (let i = 0; i < n; i++) {
    const cluster = data.cluster[i]!;
    opened.set(cluster, Math.min(opened.get(cluster) ?? Infinity, day[i]!));
  }
  const starts = [...Array(n).keys()].filter((i) => data.infector[i]! < 0);
  starts.sort(
    (a, b) =>
      opened.get(data.cluster[a]!)! - opened.get(data.cluster[b]!)! || data.cluster[a]! - data.cluster[b]! || day[a]! - day[b]! || a - b,
  );
  return { children, starts, day, known };
}

type Kin = ReturnType<typeof kinOf>;

export function arranged(data: ChainData, kin: Kin, as: Arrangement): Layout {
  const n = data.infector.length;
  const x = new Float32Array(n);
  const y = new Float32Array(n);
  for (let i = 0; i < n; i++) x[i] = as === "tree" ? data.generation[i]! : kin.day[i]!;
  const lanes: Lane[] = [];
  let rows = 0;
  if (as === "timeline" || as === "tree") {
    // Each chain is walked from its first case; a case takes a row, and the first it infected goes on beside it in a tree.
    let cluster = -1;
    for (const start of kin.starts) {
      if (cluster >= 0 && data.cluster[start] !== cluster) rows += as === "tree" ? 0.6 : 0.4;
      cluster = data.cluster[start]!;
      const waiting = [start];
      while (waiting.length) {
        const i = waiting.pop()!;
        const above = data.infector[i]!;
        if (as === "tree" && above >= 0 && kin.children[above]![0] === i) y[i] = y[above]!;
        else y[i] = rows++;
        for (let k = kin.children[i]!.length - 1; k >= 0; k--) waiting.push(kin.children[i]![k]!);
      }
    }
  } else {
    const laneOf = as === "byGeneration" ? data.generation : data.place;
    const cells = new Map<number, number>();
    const depth = new Map<number, number>();
    const order = [...Array(n).keys()].sort((a, b) => data.cluster[a]! - data.cluster[b]! || kin.day[a]! - kin.day[b]! || a - b);
    for (const i of order) {
      const cell = laneOf[i]! * 100_000 + Math.round(x[i]!) + 10_000;
      const at = cells.get(cell) ?? 0;
      cells.set(cell, at + 1);
      y[i] = at;
      depth.set(laneOf[i]!, Math.max(depth.get(laneOf[i]!) ?? 0, at + 1));
    }
    const base = new Map<number, number>();
    for (const label of [...depth.keys()].sort((a, b) => a - b)) {
      base.set(label, rows);
      lanes.push({ label, from: rows, to: rows + depth.get(label)! });
      rows += depth.get(label)! + 1;
    }
    for (let i = 0; i < n; i++) y[i] = y[i]! + base.get(laneOf[i]!)!;
    rows -= 1;
  }
  let columns = 0;
  for (let i = 0; i < n; i++) columns = Math.max(columns, x[i]!, as === "tree" ? 0 : (data.report[i] ?? 0));
  return { x, y, lanes, columns, rows: Math.max(rows, 1) };
}
