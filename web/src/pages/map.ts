/** A map of areas coloured by one figure. No tiles and no fonts from anywhere: outlines, colours and names only. */

import type { Map as WebMap } from "maplibre-gl";

import { boxOf, nameAt, type AreaFeature, type Areas } from "../shared/outlines";
import { stepColour, token } from "../shared/palette";
import { EmptyPicture, fillTable, type Draw } from "../shared/picture";
import { fill, shown, type Words } from "../shared/words";
import { drawPlainMap, hatch } from "./plain-map";

interface Step {
  from: number;
  /** Null when there is no upper bound. */
  to: number | null;
  label?: string;
}
interface AreaFigures {
  geojson: string;
  values: Record<string, { value: number | null; label: string }>;
  legend?: Step[];
  link?: string;
  unit?: string;
  title?: string;
}

/** Steps as health authorities print them, no more than the figures need. */
function usualSteps(most: number): Step[] {
  const starts = [1, 10, 100, 500, 1000].filter((start) => start <= Math.max(most, 1));
  const steps: Step[] = [{ from: 0, to: 0 }];
  starts.forEach((from, i) => steps.push({ from, to: i + 1 < starts.length ? starts[i + 1]! - 1 : null }));
  return steps;
}

const stepWords = (step: Step): string =>
  step.label ?? (step.to === null ? `≥ ${shown(step.from)}` : step.to === step.from ? shown(step.from) : `${shown(step.from)}–${shown(step.to)}`);

export const mount: Draw<AreaFigures> = async (place, data, words) => {
  const answer = await fetch(data.geojson, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  const areas = ((await answer.json()) as Areas).features;
  for (const area of areas) area.properties.code = String(area.properties.code ?? area.properties.adcode ?? area.id ?? "");
  if (!areas.length) throw new EmptyPicture(words.none!);

  const figures = data.values;
  const most = Math.max(0, ...Object.values(figures).map((one) => one.value ?? 0));
  const steps = data.legend?.length ? data.legend : usualSteps(most);
  const stepOf = (value: number) => steps.findLastIndex((step) => value >= step.from);
  const colourOf = (code: string): string | null => {
    const value = figures[code]?.value;
    return value == null ? null : stepColour(Math.max(0, stepOf(value)), steps.length);
  };
  const nameOf = (area: AreaFeature) => figures[area.properties.code]?.label ?? area.properties.name;
  const open = (code: string) => {
    if (data.link && figures[code]) location.assign(data.link.replace("{code}", encodeURIComponent(code)));
  };
  fillTable(place, ["", data.unit ?? ""], Object.values(figures).map((one) => [one.label, one.value ?? "–"]));

  place.replaceChildren();
  const names = new Map(areas.map((area) => [area.properties.code, nameOf(area)]));
  const spoken = document.createElement("div");
  spoken.className = "map-words";
  spoken.hidden = true;
  const list = place.closest("figure")?.querySelector(".map-list");
  if (list instanceof HTMLElement && list.dataset.listOf) fillList(list, data, most);
  let pointed: string | null = null;
  let mark: (code: string | null) => void = () => {};
  const point = (code: string | null, follow = true) => {
    if (code === pointed) return;
    pointed = code;
    mark(code);
    list?.querySelectorAll("li").forEach((entry) => {
      const here = entry.dataset.code === code;
      entry.classList.toggle("is-pointed", here);
      if (here && follow) entry.scrollIntoView({ block: "nearest" });
    });
    spoken.hidden = code === null;
    if (code !== null) {
      const title = document.createElement("strong");
      title.textContent = names.get(code) ?? code;
      const value = figures[code]?.value;
      spoken.replaceChildren(title, value == null ? words.none! : `${shown(value)} ${data.unit ?? ""}`);
    }
  };
  const fromList = (event: Event) => {
    const entry = (event.target as HTMLElement).closest("li");
    if (entry?.dataset.code) point(entry.dataset.code, false);
  };
  list?.addEventListener("pointerover", fromList);
  list?.addEventListener("focusin", fromList);
  list?.addEventListener("pointerleave", () => point(null));

  const missing = areas.some((area) => figures[area.properties.code]?.value == null);
  const legend = legendOf(steps, missing, words);
  const shownSteps = steps.map((step, i): [string, string] => [stepColour(i, steps.length), stepWords(step)]);

  if (!canDrawWebGl()) {
    const plain = drawPlainMap(place, areas, colourOf, (code) => point(code), open);
    mark = plain.point;
    const note = document.createElement("p");
    note.className = "map-note";
    note.textContent = words.fallback!;
    place.append(legend, spoken, note);
    return { paint: plain.paint, legend: shownSteps, dispose: () => place.replaceChildren() };
  }

  const holder = document.createElement("div");
  holder.className = "map-web";
  place.append(holder, legend, spoken);
  const map = await drawWebMap(holder, areas, colourOf, nameOf, words, data.title ?? "");
  mark = (code) => map.setFilter("pointed", ["==", ["get", "code"], code ?? ""]);
  map.on("mousemove", "areas", (event) => {
    point(String(event.features?.[0]?.properties.code ?? ""));
    map.getCanvas().classList.toggle("can-open", Boolean(data.link));
  });
  map.on("mouseleave", "areas", () => {
    point(null);
    map.getCanvas().classList.remove("can-open");
  });
  map.on("click", "areas", (event) => open(String(event.features?.[0]?.properties.code ?? "")));
  return {
    resize: () => map.resize(),
    paint: () => map.getCanvas(),
    legend: shownSteps,
    dispose: () => map.remove(),
  };
};

function canDrawWebGl(): boolean {
  try {
    return document.createElement("canvas").getContext("webgl2") !== null;
  } catch {
    return false;
  }
}

async function drawWebMap(
  holder: HTMLElement,
  areas: AreaFeature[],
  colourOf: (code: string) => string | null,
  nameOf: (area: AreaFeature) => string,
  words: Words,
  title: string,
): Promise<WebMap> {
  const [{ default: workerUrl }, maplibre] = await Promise.all([
    import("maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url"),
    import("maplibre-gl"),
    import("maplibre-gl/dist/maplibre-gl.css"),
  ]);
  maplibre.setWorkerUrl(workerUrl);
  const painted = {
    type: "FeatureCollection" as const,
    features: areas.map((area) => ({
      ...area,
      properties: { code: area.properties.code, colour: colourOf(area.properties.code) ?? "" },
    })),
  };
  const named = {
    type: "FeatureCollection" as const,
    features: areas.map((area) => ({
      type: "Feature" as const,
      properties: { name: nameOf(area), dark: isDark(colourOf(area.properties.code)) },
      geometry: { type: "Point" as const, coordinates: nameAt(area) },
    })),
  };
  const [west, south, east, north] = boxOf(areas);
  const map = new maplibre.Map({
    container: holder,
    bounds: [west, south, east, north],
    fitBoundsOptions: { padding: 18 },
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    renderWorldCopies: false,
    cooperativeGestures: true,
    fadeDuration: 0,
    localIdeographFontFamily: getComputedStyle(document.body).fontFamily,
    canvasContextAttributes: { preserveDrawingBuffer: true, antialias: true },
    locale: {
      "NavigationControl.ZoomIn": words.zoom_in!,
      "NavigationControl.ZoomOut": words.zoom_out!,
      "Map.Title": title,
      "CooperativeGesturesHandler.WindowsHelpText": words.wheel!,
      "CooperativeGesturesHandler.MacHelpText": words.wheel_mac!,
      "CooperativeGesturesHandler.MobileHelpText": words.touch!,
    },
    style: {
      version: 8,
      sources: {
        areas: { type: "geojson", data: painted as never },
        names: { type: "geojson", data: named },
      },
      layers: [
        { id: "ground", type: "background", paint: { "background-color": "#e9f0f2" } },
        { id: "areas", type: "fill", source: "areas", filter: ["!=", ["get", "colour"], ""], paint: { "fill-color": ["get", "colour"] } },
        { id: "borders", type: "line", source: "areas", paint: { "line-color": "#6d8089", "line-width": 0.7 } },
        { id: "pointed", type: "line", source: "areas", filter: ["==", ["get", "code"], ""], paint: { "line-color": token("ink"), "line-width": 2.5 } },
        {
          id: "names", type: "symbol", source: "names",
          layout: { "text-field": ["get", "name"], "text-size": 12, "text-max-width": 8, "text-padding": 3 },
          paint: {
            "text-color": ["case", ["get", "dark"], "#ffffff", token("ink")],
            "text-halo-color": ["case", ["get", "dark"], "rgba(70,15,8,0.9)", "rgba(255,255,255,0.85)"],
            "text-halo-width": 1.2,
          },
        },
      ],
    },
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibre.NavigationControl({ showCompass: false }), "bottom-right");
  await new Promise<void>((done, failed) => {
    map.once("load", () => done());
    map.once("error", (event) => failed(event.error));
  });
  map.addImage("none", hatchImage());
  map.addLayer(
    { id: "without", type: "fill", source: "areas", filter: ["==", ["get", "colour"], ""], paint: { "fill-pattern": "none" } },
    "borders",
  );
  return map;
}

/** Whether white words read better than dark ones on a colour (#rrggbb): its relative luminance is below 0.18. */
function isDark(colour: string | null): boolean {
  if (!colour) return false;
  const [red, green, blue] = [1, 3, 5].map((at) => (parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2);
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue! < 0.18;
}

function hatchImage(): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 8;
  const pen = canvas.getContext("2d")!;
  pen.fillStyle = "#f4f6f6";
  pen.fillRect(0, 0, 8, 8);
  pen.strokeStyle = "#9aa9b0";
  pen.lineWidth = 1.2;
  for (const shift of [-8, 0, 8]) {
    pen.beginPath();
    pen.moveTo(shift, 8);
    pen.lineTo(shift + 8, 0);
    pen.stroke();
  }
  return pen.getImageData(0, 0, 8, 8);
}

function legendOf(steps: Step[], missing: boolean, words: Words): HTMLUListElement {
  const list = document.createElement("ul");
  list.className = "map-legend";
  const entry = (fillWith: string, text: string, pattern?: SVGPatternElement) => {
    const item = document.createElement("li");
    const swatch = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    if (pattern) swatch.append(pattern);
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    rect.setAttribute("width", "100%");
    rect.setAttribute("height", "100%");
    rect.setAttribute("fill", fillWith);
    swatch.append(rect);
    item.append(swatch, text);
    list.append(item);
  };
  steps.forEach((step, i) => entry(stepColour(i, steps.length), stepWords(step)));
  if (missing) entry("url(#legend-none)", words.none!, hatch("legend-none"));
  return list;
}

/** The list beside a map whose data came by address. */
function fillList(list: HTMLElement, data: AreaFigures, most: number): void {
  const ordered = document.createElement("ol");
  const rows = Object.entries(data.values).sort(([a, x], [b, y]) => (y.value ?? 0) - (x.value ?? 0) || a.localeCompare(b));
  for (const [code, { label, value }] of rows) {
    const item = document.createElement("li");
    item.dataset.code = code;
    const name = document.createElement(data.link ? "a" : "span");
    name.textContent = label;
    if (name instanceof HTMLAnchorElement) name.href = fill(data.link!, { code });
    const meter = document.createElement("meter");
    meter.max = Math.max(1, most);
    meter.value = value ?? 0;
    meter.setAttribute("aria-hidden", "true");
    const number = document.createElement("b");
    number.textContent = value === null ? "–" : shown(value);
    item.append(name, meter, number);
    ordered.append(item);
  }
  list.replaceChildren(ordered);
}
