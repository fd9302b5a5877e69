/** Words come from the page, in the reader's language; there is no second catalogue here. */

export type Words = { [name: string]: string };

interface FrameWords {
  clock: { days: string; hours: string; minutes: string; left: string; over: string };
  [name: string]: unknown;
}

let read: FrameWords | undefined;

export function frameWords(): FrameWords {
  read ??= JSON.parse(document.getElementById("words")?.textContent ?? "{}") as FrameWords;
  return read;
}

/** The frame's sentence of that name, its {slots} filled. */
export function say(name: string, values: Record<string, string | number> = {}): string {
  return fill(String(frameWords()[name] ?? name), values);
}

export function fill(sentence: string, values: Record<string, string | number>): string {
  return sentence.replace(/\{(\w+)\}/g, (slot, name: string) => String(values[name] ?? slot));
}

export const language = document.documentElement.lang || "zh-Hans";

const number = new Intl.NumberFormat(language);
export const shown = (value: number): string => number.format(value);

const dayAndMonth = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: "UTC" });
const wholeDay = new Intl.DateTimeFormat(language, {
  year: "numeric", month: "short", day: "numeric", weekday: "short", timeZone: "UTC",
});

/** An ISO day as a tick on an axis: 2月8日, 8 Feb. */
export const shortDay = (day: string): string => dayAndMonth.format(new Date(`${day}T00:00:00Z`));
/** An ISO day in full, with its weekday. */
export const longDay = (day: string): string => wholeDay.format(new Date(`${day}T00:00:00Z`));
