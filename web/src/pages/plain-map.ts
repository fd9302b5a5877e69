/** The map for browsers without WebGL: outlines as SVG, coloured and opened like the other one. */

import { boxOf, northing, polygonsOf, type AreaFeature } from "../shared/outlines";

const SVG = "http://www.w3.org/2000/svg";
const make = <Name extends keyof SVGElementTagNameMap>(name: Name, attributes: Record<string, string | number>) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
};

/** A swatch filled as areas without a figure are: hatched. */
export function hatch(id: string): SVGPatternElement {
  const pattern = make("pattern", { id, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  pattern.append(make("rect", { width: 6, height: 6, fill: "#f4f6f6" }), make("path", { d: "M0 0V6", stroke: "#9aa9b0", "stroke-width": 1.5 }));
  return pattern;
}

export function drawPlainMap(
  place: HTMLElement,
  areas: AreaFeature[],
  colourOf: (code: string) => string | null,
  onPoint: (code: string | null) => void,
  onOpen: (code: string) => void,
): { point(code: string | null): void; paint(): Promise<HTMLCanvasElement> } {
  const [west, south, east, north] = boxOf(areas);
  const top = northing(north);
  const width = 1000;
  const scale = width / (east - west);
  const height = (top - northing(south)) * scale;
  const svg = make("svg", { viewBox: `-10 -10 ${width + 20} ${height + 20}`, class: "map-plain", "aria-hidden": "true" });
  const defs = make("defs", {});
  defs.append(hatch("map-none"));
  svg.append(defs);
  const drawn = new Map<string, SVGPathElement>();
  for (const area of areas) {
    const d = polygonsOf(area)
      .flatMap((polygon) => polygon.map((ring) =>
        `M${ring.map(([x, y]) => `${((x - west) * scale).toFixed(1)} ${((top - northing(y)) * scale).toFixed(1)}`).join("L")}Z`))
      .join("");
    const code = area.properties.code;
    const path = make("path", { d, fill: colourOf(code) ?? "url(#map-none)", "fill-rule": "evenodd", stroke: "#6d8089", "stroke-width": 0.7 });
    path.setAttribute("data-open", code);
    path.addEventListener("pointerenter", () => onPoint(code));
    path.addEventListener("pointerleave", () => onPoint(null));
    path.addEventListener("click", () => onOpen(code));
    drawn.set(code, path);
    svg.append(path);
  }
  place.append(svg);
  return {
    point(code) {
      for (const [one, path] of drawn) path.classList.toggle("is-pointed", one === code);
      if (code && drawn.has(code)) svg.append(drawn.get(code)!);
    },
    async paint() {
      const canvas = document.createElement("canvas");
      canvas.width = place.clientWidth * 2;
      canvas.height = place.clientHeight * 2;
      const copy = svg.cloneNode(true) as SVGElement;
      copy.setAttribute("width", String(canvas.width));
      copy.setAttribute("height", String(canvas.height));
      const address = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
      try {
        const image = new Image();
        image.src = address;
        await image.decode();
        canvas.getContext("2d")!.drawImage(image, 0, 0);
      } finally {
        URL.revokeObjectURL(address);
      }
      return canvas;
    },
  };
}
