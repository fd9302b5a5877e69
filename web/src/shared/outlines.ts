/** Outlines of areas: their box, a point to write a name at, and a plain projection. */

export type Ring = [number, number][];
export interface AreaFeature {
  type: "Feature";
  id?: string | number;
  properties: { code: string; name: string } & Record<string, unknown>;
  geometry: { type: "Polygon"; coordinates: Ring[] } | { type: "MultiPolygon"; coordinates: Ring[][] };
}
export interface Areas {
  type: "FeatureCollection";
  features: AreaFeature[];
}
export type Box = [west: number, south: number, east: number, north: number];

export const polygonsOf = (area: AreaFeature): Ring[][] =>
  area.geometry.type === "Polygon" ? [area.geometry.coordinates] : area.geometry.coordinates;

export function boxOf(areas: AreaFeature[]): Box {
  const box: Box = [180, 90, -180, -90];
  for (const area of areas) {
    for (const [outer] of polygonsOf(area)) {
      for (const [x, y] of outer ?? []) {
        box[0] = Math.min(box[0], x);
        box[1] = Math.min(box[1], y);
        box[2] = Math.max(box[2], x);
        box[3] = Math.max(box[3], y);
      }
    }
  }
  return box;
}

function sizeOf(ring: Ring): number {
  let twice = 0;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    twice += ring[j]![0] * ring[i]![1] - ring[i]![0] * ring[j]![1];
  }
  return Math.abs(twice / 2);
}

/** A point well inside the largest part: the middle of its longest stretch along one of a few parallels. */
export function nameAt(area: AreaFeature): [number, number] {
  const rings = polygonsOf(area).reduce((best, one) => (sizeOf(one[0] ?? []) > sizeOf(best[0] ?? []) ? one : best));
  const ys = (rings[0] ?? []).map(([, y]) => y);
  const south = Math.min(...ys);
  const north = Math.max(...ys);
  let best: { at: [number, number]; worth: number } = { at: rings[0]?.[0] ?? [0, 0], worth: -1 };
  for (let step = 1; step < 12; step++) {
    const y = south + ((north - south) * step) / 12;
    const crossings: number[] = [];
    for (const ring of rings) {
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
        const [x1, y1] = ring[j]!;
        const [x2, y2] = ring[i]!;
        if (y1 > y !== y2 > y) crossings.push(x1 + ((y - y1) / (y2 - y1)) * (x2 - x1));
      }
    }
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      // A little less for stretches near the top or bottom edge, where a name would touch the border.
      const worth = (crossings[i + 1]! - crossings[i]!) * (1 - Math.abs(step - 6) / 12);
      if (worth > best.worth) best = { at: [(crossings[i]! + crossings[i + 1]!) / 2, y], worth };
    }
  }
  return best.at;
}

/** Mercator's ordinate, in degrees of longitude at the equator. */
export const northing = (latitude: number): number =>
  (Math.log(Math.tan(Math.PI / 4 + (latitude * Math.PI) / 360)) * 180) / Math.PI;
