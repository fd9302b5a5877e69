/** Chains of transmission: who infected whom, over time or over generations, for one cluster or for thousands of cases.
 *
 * Places are worked out once by plain rules (shared/chain-layout.ts), never by forces, so that the same chains always look
 * the same; what lies outside the frame is not painted, and what is too small for its shape is painted as a dot.
 */

import { arranged, kinOf, type Arrangement, type ChainData, type Layout } from "../shared/chain-layout";
import { kindOf, token } from "../shared/palette";
import { EmptyPicture, type Draw } from "../shared/picture";
import { fill, longDay, shortDay, shown, type Words } from "../shared/words";

const ARRANGEMENTS: Arrangement[] = ["timeline", "byGeneration", "byPlace", "tree"];
const HEAD = 26; // the axis above, in pixels
const SIDE = 14;
const NAME = 70; // room for the number beside the last case
const NEAREST = 60; // pixels a row or a column at most
const DAY = 86_400_000;

export const mount: Draw<ChainData> = (place, data, words) => {
  const n = data.infector.length;
  if (!n) throw new EmptyPicture(words.empty!);
  const kin = kinOf(data);
  const kinds = data.classes.map((one) => kindOf(one.key));
  const colours = kinds.map((kind) => token(kind));
  const outlines = kinds.map((kind) => token(`${kind}-line`));
  const ink = token("ink");
  const soft = token("ink-soft");
  const line = token("line");
  const strong = token("line-strong");
  const family = getComputedStyle(document.body).fontFamily;

  // --- the frame: a bar of controls, the canvas, a box of words, a list of signs
  place.replaceChildren();
  const bar = document.createElement("div");
  bar.className = "chains-bar";
  const choose = document.createElement("select");
  choose.className = "form-select";
  choose.setAttribute("aria-label", words.arrange!);
  for (const kind of ARRANGEMENTS) choose.add(new Option(words[kind]!, kind));
  const button = (text: string, label: string, press: () => void): HTMLButtonElement => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "btn btn-sm";
    made.textContent = text;
    made.title = label;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", press);
    return made;
  };
  const buttons = document.createElement("div");
  buttons.className = "chains-buttons";
  buttons.append(
    button("+", words.nearer!, () => zoom(1.6, width / 2, height / 2)),
    button("−", words.farther!, () => zoom(1 / 1.6, width / 2, height / 2)),
    button("⤢", words.whole!, () => showAll()),
  );
  bar.append(choose, buttons);
  const holder = document.createElement("div");
  holder.className = "chains-canvas";
  const canvas = document.createElement("canvas");
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", fill(words.keys!, { n: shown(n) }));
  const box = document.createElement("div");
  box.className = "chains-words";
  box.hidden = true;
  const live = document.createElement("div");
  live.className = "visually-hidden";
  live.setAttribute("aria-live", "polite");
  holder.append(canvas, box, live);
  place.append(bar, holder, legendOf(data, kinds, colours, outlines, words));
  // Painted by the processor, not by a graphics card: many machines and all test browsers have none worth the name, and
  // thousands of short strokes take seconds where one is only imitated.
  const pen = canvas.getContext("2d", { willReadFrequently: true, alpha: false })!;

  let layout: Layout = arranged(data, kin, "timeline");
  let as: Arrangement = "timeline";
  let width = 0;
  let height = 0;
  let ratio = 1;
  let scaleX = 1;
  let scaleY = 1;
  let originX = 0; // the pixel of column 0
  let originY = 0;
  let marked = -1;
  let pinned = false;
  let kinOfMarked: Set<number> | null = null;
  let waiting = 0;

  const px = (i: number) => originX + layout.x[i]! * scaleX;
  const py = (i: number) => originY + (layout.y[i]! + 0.5) * scaleY;
  let leftmost = 0;

  function measure(): void {
    width = holder.clientWidth;
    height = holder.clientHeight;
    ratio = Math.min(devicePixelRatio || 1, 2);
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  function fitted(): { x: number; y: number } {
    const across = Math.max(layout.columns - leftmost, 1);
    return {
      x: Math.min((width - 2 * SIDE - NAME) / (across + 0.5), as === "tree" ? 160 : NEAREST),
      y: Math.min((height - HEAD - SIDE) / layout.rows, 28),
    };
  }
  function showAll(): void {
    leftmost = layout.x.reduce((least, one) => Math.min(least, one), Infinity);
    const fit = fitted();
    scaleX = fit.x;
    scaleY = fit.y;
    originX = SIDE + 10 - leftmost * scaleX;
    originY = HEAD + 4;
    later();
  }
  /** Keep some of the picture in the frame. */
  function held(): void {
    const right = originX + layout.columns * scaleX;
    const low = originY + layout.rows * scaleY;
    if (right < 60) originX += 60 - right;
    if (originX + leftmost * scaleX > width - 60) originX = width - 60 - leftmost * scaleX;
    if (low < HEAD + 40) originY += HEAD + 40 - low;
    if (originY > height - 40) originY = height - 40;
  }
  function zoom(by: number, atX: number, atY: number): void {
    const fit = fitted();
    const x = Math.max(Math.min(scaleX * by, Math.max(NEAREST, fit.x)), Math.min(fit.x, scaleX));
    const y = Math.max(Math.min(scaleY * by, 28), Math.min(fit.y, scaleY));
    originX = atX - ((atX - originX) * x) / scaleX;
    originY = atY - ((atY - originY) * y) / scaleY;
    scaleX = x;
    scaleY = y;
    held();
    later();
  }
  function later(): void {
    if (!waiting) waiting = requestAnimationFrame(() => ((waiting = 0), paint(pen, width, height, ratio)));
  }

  // --- painting
  function paint(pen: CanvasRenderingContext2D, width: number, height: number, ratio: number): void {
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, width, height);
    paintGround(pen, width, height);
    pen.save();
    pen.beginPath();
    pen.rect(0, HEAD, width, height - HEAD);
    pen.clip();
    paintLinks(pen, width, height, ratio);
    paintCases(pen, width, height);
    pen.restore();
  }
  function paintGround(pen: CanvasRenderingContext2D, width: number, height: number): void {
    pen.font = `11px ${family}`;
    pen.textBaseline = "middle";
    for (const [k, lane] of layout.lanes.entries()) {
      const top = Math.max(originY + (lane.from - 0.5) * scaleY, HEAD);
      const low = originY + (lane.to + 0.5) * scaleY;
      if (low < HEAD || top > height) continue;
      if (k % 2 === 0) {
        pen.fillStyle = "#f6f9f9";
        pen.fillRect(0, top, width, low - top);
      }
    }
    pen.strokeStyle = line;
    pen.lineWidth = 1;
    pen.fillStyle = soft;
    const label = as === "tree" ? (k: number) => fill(words.generations!, { n: k }) : (k: number) => shortDay(isoOf(k));
    const wide = pen.measureText(label(0)).width + 18;
    const steps = as === "tree" ? [1, 2, 5, 10, 20] : [1, 2, 7, 14, 28, 56, 91, 182, 365];
    const step = steps.find((one) => one * scaleX >= wide) ?? 728;
    const from = Math.ceil((0 - originX) / scaleX / step) * step;
    pen.beginPath();
    for (let k = from; originX + k * scaleX < width; k += step) {
      const x = Math.round(originX + k * scaleX) + 0.5;
      pen.moveTo(x, HEAD);
      pen.lineTo(x, height);
      pen.textAlign = x < 30 ? "left" : "center";
      if (x > 4 && x < width - 20) pen.fillText(label(k), x < 30 ? 4 : x, HEAD / 2);
    }
    pen.moveTo(0, HEAD + 0.5);
    pen.lineTo(width, HEAD + 0.5);
    pen.stroke();
    pen.textAlign = "left";
    let last = -Infinity;
    for (const lane of layout.lanes) {
      const at = Math.max(originY + (lane.from - 0.5) * scaleY, HEAD) + 9;
      if (at > height || originY + (lane.to + 0.5) * scaleY < HEAD + 4 || at < last + 13) continue;
      last = at;
      const text = as === "byPlace" ? data.places[lane.label]! : fill(words.generations!, { n: lane.label });
      pen.fillStyle = "rgba(255, 255, 255, 0.85)";
      pen.fillRect(3, at - 7, pen.measureText(text).width + 6, 14);
      pen.fillStyle = soft;
      pen.fillText(text, 6, at);
    }
  }
  function paintLinks(pen: CanvasRenderingContext2D, width: number, height: number, ratio: number): void {
    const primary = (k: number) => data.link[data.to[k]!] === k;
    const dashes = data.certainties.map((_one, k) => (k === 0 ? [] : k === 1 ? [6, 3] : [2, 3]));
    for (const main of [false, true]) {
      for (const [degree, dash] of dashes.entries()) {
        pen.beginPath();
        let any = false;
        for (let k = 0; k < data.from.length; k++) {
          if (data.certainty[k] !== degree || primary(k) !== main) continue;
          const a = data.from[k]!;
          const b = data.to[k]!;
          const x1 = px(a), y1 = py(a), x2 = px(b), y2 = py(b);
          if ((x1 < 0 && x2 < 0) || (x1 > width && x2 > width) || (y1 < HEAD && y2 < HEAD) || (y1 > height && y2 > height)) continue;
          any = true;
          pen.moveTo(x1, y1);
          if (main && (as === "timeline" || as === "tree")) {
            // down from the infector, then along: lines of one infector share their way
            const bend = as === "tree" ? x1 + (x2 - x1) * 0.5 : x1;
            if (as === "tree") pen.lineTo(bend, y1);
            pen.lineTo(bend, y2);
          }
          pen.lineTo(x2, y2);
        }
        if (!any) continue;
        pen.setLineDash(scaleY < 3 ? [] : dash);
        pen.strokeStyle = kinOfMarked || !main ? line : strong;
        // Lines of one dot at most are drawn one by one; wider ones are first joined into one outline, which is slow for many.
        pen.lineWidth = scaleY < 8 ? 1 / ratio : main ? 1.1 : 0.8;
        pen.globalAlpha = Math.min(1, 0.35 + scaleY / 12); // where rows lie close, lines would hide the cases
        pen.stroke();
        pen.globalAlpha = 1;
      }
    }
    pen.setLineDash([]);
    if (!kinOfMarked) return;
    pen.strokeStyle = ink;
    for (let k = 0; k < data.from.length; k++) {
      const a = data.from[k]!;
      const b = data.to[k]!;
      if (!kinOfMarked.has(a) || !kinOfMarked.has(b)) continue;
      pen.beginPath();
      pen.setLineDash(dashes[data.certainty[k]!]!);
      pen.lineWidth = primary(k) ? 1.8 : 1;
      pen.moveTo(px(a), py(a));
      if (primary(k) && (as === "timeline" || as === "tree")) {
        const bend = as === "tree" ? (px(a) + px(b)) / 2 : px(a);
        if (as === "tree") pen.lineTo(bend, py(a));
        pen.lineTo(bend, py(b));
      }
      pen.lineTo(px(b), py(b));
      pen.stroke();
    }
    pen.setLineDash([]);
  }
  function paintCases(pen: CanvasRenderingContext2D, width: number, height: number): void {
    const size = Math.max(1.3, Math.min(6.5, scaleY * 0.36, as === "tree" ? 6.5 : Math.max(scaleX * 0.5, 2)));
    const inside = (i: number): boolean => {
      const x = px(i), y = py(i);
      return x > -20 && x < width + 20 && y > HEAD - 10 && y < height + 10;
    };
    const visible: number[] = [];
    for (let i = 0; i < n; i++) if (inside(i)) visible.push(i);
    if (as !== "tree" && scaleY >= 3) {
      pen.beginPath();
      for (const i of visible) {
        if (!kin.known[i] || data.report[i] == null || data.report[i]! <= data.onset[i]!) continue;
        const to = originX + data.report[i]! * scaleX;
        const y = py(i);
        pen.moveTo(px(i), y);
        pen.lineTo(to, y);
        pen.moveTo(to, y - 2.5);
        pen.lineTo(to, y + 2.5);
      }
      pen.strokeStyle = token("step-3");
      pen.lineWidth = 0.8;
      pen.stroke();
    }
    const small = size < 2.6;
    for (let of = -1; of < kinds.length; of++) {
      pen.fillStyle = of < 0 ? token("ink-faint") : colours[of]!;
      pen.strokeStyle = of < 0 ? token("ink-faint") : outlines[of]!;
      pen.lineWidth = 1.3;
      if (small) {
        pen.globalAlpha = kinOfMarked ? 0.35 : 0.9;
        for (const i of visible) if (data.class[i] === of) pen.fillRect(px(i) - size, py(i) - size, 2 * size, 2 * size);
        pen.globalAlpha = 1;
        continue;
      }
      for (const hollow of [false, true]) {
        pen.beginPath();
        for (const i of visible) {
          if (data.class[i] !== of || Boolean(kin.known[i]) === hollow) continue;
          shape(pen, of < 0 ? "hidden" : kinds[of]!, px(i), py(i), size);
        }
        pen.globalAlpha = kinOfMarked ? 0.35 : 1;
        if (hollow) {
          pen.fillStyle = "#fff";
          pen.fill();
          pen.fillStyle = of < 0 ? token("ink-faint") : colours[of]!;
        } else pen.fill();
        pen.stroke();
        pen.globalAlpha = 1;
      }
    }
    if (kinOfMarked) {
      for (const i of kinOfMarked) {
        if (!inside(i)) continue;
        const of = data.class[i]!;
        pen.beginPath();
        shape(pen, of < 0 ? "hidden" : kinds[of]!, px(i), py(i), Math.max(size, 3) + (i === marked ? 2 : 0));
        pen.fillStyle = kin.known[i] ? (of < 0 ? token("ink-faint") : colours[of]!) : "#fff";
        pen.strokeStyle = i === marked ? ink : of < 0 ? token("ink-faint") : outlines[of]!;
        pen.lineWidth = i === marked ? 2 : 1.3;
        pen.fill();
        pen.stroke();
      }
    }
    if (scaleY >= 13 && visible.length < 400 && (as === "tree" ? scaleX > 90 : as === "timeline" || kinOfMarked)) {
      pen.font = `11px ${family}`;
      pen.textAlign = "left";
      pen.textBaseline = "middle";
      for (const i of visible) {
        if ((as === "byPlace" || as === "byGeneration") && !kinOfMarked?.has(i)) continue; // lanes are too full for numbers
        const after = as === "tree" || data.report[i] == null ? px(i) : Math.max(px(i), originX + data.report[i]! * scaleX);
        const text = data.number[i] || "?";
        pen.fillStyle = "rgba(255, 255, 255, 0.8)";
        pen.fillRect(after + size + 3, py(i) - 6, pen.measureText(text).width + 2, 12);
        pen.fillStyle = kinOfMarked && !kinOfMarked.has(i) ? strong : ink;
        pen.fillText(text, after + size + 4, py(i));
      }
    }
  }

  // --- one case: its kin, its words
  function mark(i: number, pin = false): void {
    pinned = pin && i >= 0;
    if (i === marked && !pin) return;
    marked = i;
    kinOfMarked = i < 0 ? null : new Set([i]);
    if (kinOfMarked) {
      for (let up = data.infector[i]!; up >= 0; up = data.infector[up]!) kinOfMarked.add(up);
      const down = [i];
      while (down.length) for (const child of kin.children[down.pop()!]!) kinOfMarked.add(child), down.push(child);
      for (let k = 0; k < data.from.length; k++) if (data.to[k] === i) kinOfMarked.add(data.from[k]!);
    }
    tell();
    later();
  }
  const isoOf = (offset: number) => new Date(Date.parse(`${data.first}T00:00:00Z`) + offset * DAY).toISOString().slice(0, 10);
  function wordsOf(i: number): [string, string[]] {
    const of = data.class[i]!;
    if (of < 0) return [words.elsewhere!, [words.hidden!, fill(words.infected!, { n: kin.children[i]!.length })]];
    const said = [`${data.classes[of]!.label} · ${data.places[data.place[i]!]}`];
    const onset = data.onset[i];
    const report = data.report[i];
    if (onset != null) said.push(`${words.onset} ${longDay(isoOf(onset))}`);
    if (report != null) said.push(`${words.reported} ${longDay(isoOf(report))}`);
    if (onset != null && report != null) said.push(fill(words.delay!, { n: report - onset }));
    const above = data.infector[i]!;
    if (above >= 0) {
      const k = data.link[i]!;
      const certainty = data.certainties[data.certainty[k]!]!.label;
      said.push(`${fill(words.infectedBy!, { case: data.number[above] || words.elsewhere!, certainty })} · ${data.settings[data.setting[k]!]}`);
    } else said.push(data.introduced[i] ? words.introduced! : words.infectorUnknown!);
    said.push(`${fill(words.generation!, { n: data.generation[i]! })} · ${fill(words.infected!, { n: kin.children[i]!.length })}`);
    return [data.number[i]!, said];
  }
  const addressOf = (i: number) => {
    const hex = data.id[i]!;
    return hex && data.open.replace("{id}", `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`);
  };
  function tell(): void {
    box.hidden = marked < 0;
    if (marked < 0) return;
    const [title, said] = wordsOf(marked);
    const head = document.createElement("strong");
    head.textContent = title;
    box.replaceChildren(head, ...said.map((text) => Object.assign(document.createElement("span"), { textContent: text })));
    box.classList.toggle("is-pinned", pinned);
    const address = addressOf(marked);
    if (pinned && address) box.append(Object.assign(document.createElement("a"), { href: address, textContent: words.openCase! }));
    // over the half that the case is not in
    box.classList.toggle("at-left", px(marked) > width / 2);
    if (document.activeElement === canvas) live.textContent = [title, ...said].join(". ");
  }
  function nearest(x: number, y: number): number {
    let best = -1;
    let least = 14 * 14;
    for (let i = 0; i < n; i++) {
      const dx = px(i) - x;
      const dy = py(i) - y;
      const far = dx * dx + dy * dy;
      if (far < least) (least = far), (best = i);
    }
    return best;
  }
  function bringIn(i: number): void {
    const x = px(i);
    const y = py(i);
    if (x < 40) originX += 40 - x;
    if (x > width - 60) originX -= x - width + 60;
    if (y < HEAD + 20) originY += HEAD + 20 - y;
    if (y > height - 20) originY -= y - height + 20;
  }

  // --- hands
  const fingers = new Map<number, { x: number; y: number }>();
  let moved = 0;
  const at = (event: MouseEvent) => {
    const frame = canvas.getBoundingClientRect();
    return { x: event.clientX - frame.left, y: event.clientY - frame.top };
  };
  canvas.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, at(event));
    canvas.setPointerCapture(event.pointerId);
    if (fingers.size === 1) moved = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const here = at(event);
    const before = fingers.get(event.pointerId);
    if (!before) {
      if (!pinned) mark(nearest(here.x, here.y));
      return;
    }
    const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    if (other) {
      const apart = Math.hypot(here.x - other.x, here.y - other.y) / Math.max(Math.hypot(before.x - other.x, before.y - other.y), 1);
      zoom(apart, (here.x + other.x) / 2, (here.y + other.y) / 2);
      moved += 10;
    } else {
      originX += here.x - before.x;
      originY += here.y - before.y;
      moved += Math.abs(here.x - before.x) + Math.abs(here.y - before.y);
      held();
      later();
    }
    fingers.set(event.pointerId, here);
  });
  const lift = (event: PointerEvent) => {
    const here = at(event);
    if (fingers.delete(event.pointerId) && event.type === "pointerup" && moved < 5) {
      const i = nearest(here.x, here.y);
      mark(i, i >= 0);
    }
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  canvas.addEventListener("pointerleave", () => {
    if (!pinned && !fingers.size) mark(-1);
  });
  canvas.addEventListener("dblclick", (event) => {
    const here = at(event);
    zoom(2, here.x, here.y);
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const here = at(event);
      zoom(Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) / 150), here.x, here.y);
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", (event) => {
    const order = byRow();
    let to = -1;
    if (event.key === "Escape") return mark(-1);
    if (event.key === "Enter" && marked >= 0) {
      const address = addressOf(marked);
      if (address) location.assign(address);
      return;
    }
    if (event.key === "+" || event.key === "=") return zoom(1.6, width / 2, height / 2);
    if (event.key === "-") return zoom(1 / 1.6, width / 2, height / 2);
    if (event.key === "0") return showAll();
    if (!event.key.startsWith("Arrow")) return;
    event.preventDefault();
    if (marked < 0) to = order[0]!;
    else if (event.key === "ArrowLeft") to = data.infector[marked]!;
    else if (event.key === "ArrowRight") to = kin.children[marked]![0] ?? -1;
    else to = order[order.indexOf(marked) + (event.key === "ArrowDown" ? 1 : -1)] ?? -1;
    if (to >= 0) {
      mark(to, true);
      bringIn(to);
      tell();
    }
  });
  let ordered: number[] | null = null;
  const byRow = () => (ordered ??= [...Array(n).keys()].sort((a, b) => layout.y[a]! - layout.y[b]! || layout.x[a]! - layout.x[b]!));
  choose.addEventListener("change", () => {
    as = choose.value as Arrangement;
    layout = arranged(data, kin, as);
    ordered = null;
    showAll();
    tell();
  });

  measure();
  showAll();
  // The first picture at once, so that whoever waits for it does not wait for a frame.
  paint(pen, width, height, ratio);
  return {
    resize: () => {
      if (holder.clientWidth === width && holder.clientHeight === height) return;
      measure();
      showAll();
    },
    paint: () => {
      const sheet = document.createElement("canvas");
      sheet.width = width * 2;
      sheet.height = height * 2;
      paint(sheet.getContext("2d")!, width, height, 2);
      return sheet;
    },
    legend: data.classes.map((one, k): [string, string] => [colours[k]!, one.label]),
    dispose: () => {
      cancelAnimationFrame(waiting);
      place.replaceChildren();
    },
  };
};

/** The sign of a classification: the shapes of the chips (icons/kind-*.svg). */
function shape(pen: CanvasRenderingContext2D, kind: string, x: number, y: number, r: number): void {
  switch (kind) {
    case "confirmed":
      pen.moveTo(x + r, y);
      pen.arc(x, y, r, 0, 2 * Math.PI);
      break;
    case "clinical":
      diamond(pen, x, y, r * 1.15);
      break;
    case "suspected":
      pen.moveTo(x, y - r * 1.1);
      pen.lineTo(x + r * 1.1, y + r * 0.9);
      pen.lineTo(x - r * 1.1, y + r * 0.9);
      pen.closePath();
      break;
    case "asymptomatic":
      pen.rect(x - r * 0.85, y - r * 0.85, r * 1.7, r * 1.7);
      break;
    case "hidden":
      pen.moveTo(x - r, y - r);
      pen.lineTo(x + r, y + r);
      pen.moveTo(x + r, y - r);
      pen.lineTo(x - r, y + r);
      break;
    default:
      diamond(pen, x, y, r);
  }
}

function diamond(pen: CanvasRenderingContext2D, x: number, y: number, r: number): void {
  pen.moveTo(x, y - r);
  pen.lineTo(x + r, y);
  pen.lineTo(x, y + r);
  pen.lineTo(x - r, y);
  pen.closePath();
}

/** What the signs mean, as a list under the picture. */
function legendOf(data: ChainData, kinds: string[], colours: string[], outlines: string[], words: Words): HTMLElement {
  const list = document.createElement("ul");
  list.className = "map-legend chains-legend";
  const entry = (text: string, paint: (pen: CanvasRenderingContext2D) => void): void => {
    const item = document.createElement("li");
    const sign = document.createElement("canvas");
    sign.width = 52;
    sign.height = 32;
    sign.setAttribute("aria-hidden", "true");
    const pen = sign.getContext("2d")!;
    pen.scale(2, 2);
    paint(pen);
    item.append(sign, text);
    list.append(item);
  };
  data.classes.forEach((one, k) =>
    entry(one.label, (pen) => {
      pen.fillStyle = colours[k]!;
      pen.strokeStyle = outlines[k]!;
      pen.beginPath();
      shape(pen, kinds[k]!, 13, 8, 5.5);
      pen.fill();
      pen.stroke();
    }),
  );
  if (data.class.includes(-1)) {
    entry(words.elsewhere!, (pen) => {
      pen.strokeStyle = token("ink-faint");
      pen.lineWidth = 1.5;
      pen.beginPath();
      shape(pen, "hidden", 13, 8, 4.5);
      pen.stroke();
    });
  }
  const used = new Set(data.certainty);
  data.certainties.forEach((one, k) => {
    if (!used.has(k)) return;
    entry(one.label, (pen) => {
      pen.setLineDash(k === 0 ? [] : k === 1 ? [6, 3] : [2, 3]);
      pen.strokeStyle = token("ink-soft");
      pen.lineWidth = 1.5;
      pen.beginPath();
      pen.moveTo(0, 8);
      pen.lineTo(26, 8);
      pen.stroke();
    });
  });
  if (data.onset.some((day, i) => day == null && data.report[i] != null)) {
    entry(words.noOnset!, (pen) => {
      pen.strokeStyle = token("ink-soft");
      pen.lineWidth = 1.3;
      pen.beginPath();
      pen.arc(13, 8, 5, 0, 2 * Math.PI);
      pen.stroke();
    });
  }
  entry(words.reportLine!, (pen) => {
    pen.strokeStyle = token("step-3");
    pen.beginPath();
    pen.moveTo(2, 8);
    pen.lineTo(22, 8);
    pen.moveTo(22, 5);
    pen.lineTo(22, 11);
    pen.stroke();
  });
  return list;
}
