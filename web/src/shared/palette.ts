/** The colours of tokens.css, for whatever is painted rather than styled. */

const styles = getComputedStyle(document.documentElement);

export const token = (name: string): string => styles.getPropertyValue(`--lf-${name}`).trim();

const KINDS = ["confirmed", "clinical", "suspected", "asymptomatic", "excluded"];
const ALIKE: Record<string, string> = {
  clinically_diagnosed: "clinical", probable: "clinical", discarded: "excluded", not_a_case: "excluded",
};

/** The palette's name for a classification code: one of the five, or "other". */
export function kindOf(code: string): string {
  const name = ALIKE[code] ?? code;
  return KINDS.includes(name) ? name : "other";
}

interface Decal {
  symbol: string;
  symbolSize: number;
  color: string;
  dashArrayX: number | number[] | number[][];
  dashArrayY: number | number[];
  rotation?: number;
}

/** A pattern for each classification, so that bars can be told apart without colour. Confirmed is plain. */
export function decalOf(kind: string): Decal | undefined {
  const ink = "rgba(16, 48, 59, 0.55)";
  switch (kind) {
    case "clinical":
      return { symbol: "rect", symbolSize: 1, color: "rgba(75, 38, 0, 0.6)", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -Math.PI / 4 };
    case "suspected":
      return { symbol: "circle", symbolSize: 0.9, color: "rgba(110, 84, 0, 0.85)", dashArrayX: [[5, 5], [0, 5, 5, 0]], dashArrayY: [4, 0] };
    case "asymptomatic":
      return { symbol: "rect", symbolSize: 1, color: "rgba(255, 255, 255, 0.7)", dashArrayX: [1, 0], dashArrayY: [1.5, 4.5], rotation: Math.PI / 4 };
    case "excluded":
      return { symbol: "rect", symbolSize: 1, color: ink, dashArrayX: [1, 0], dashArrayY: [1, 4] };
    case "other":
      return { symbol: "rect", symbolSize: 1, color: "rgba(255, 255, 255, 0.6)", dashArrayX: [1, 0], dashArrayY: [1.5, 3.5], rotation: Math.PI / 2 };
    default:
      return undefined;
  }
}

/** The colour of step i of n on the one-quantity scale, spread over its whole range. */
export function stepColour(i: number, n: number): string {
  return token(`step-${n < 2 ? 3 : Math.round((i * 5) / (n - 1))}`);
}
