/** The reproduction number by day with its interval, and the line at 1. */

import { dayChart, draw, type Option } from "../shared/chart";
import { token } from "../shared/palette";
import { EmptyPicture, fillTable, type Draw } from "../shared/picture";
import { longDay } from "../shared/words";

interface Reproduction {
  days: string[];
  mean: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
  method?: string;
}

export const mount: Draw<Reproduction> = (place, data, words) => {
  const { days, mean, low, high } = data;
  const two = (value: number | null | undefined) => (value == null ? "–" : value.toFixed(2));
  fillTable(
    place,
    [words.day!, words.mean!, `${words.interval} ↓`, `${words.interval} ↑`],
    days.flatMap((day, i) => (mean[i] == null ? [] : [[day, two(mean[i]), two(low[i]), two(high[i])]])),
  );
  const first = mean.findIndex((value) => value !== null);
  if (first < 0) throw new EmptyPicture(words.empty!);

  const from = <Value>(values: Value[]) => values.slice(first);
  const spans = high.map((value, i) => (value === null || low[i] == null ? null : value - low[i]!));
  // The first days' intervals can reach far above all others; the axis keeps to where the line can be read.
  const means = mean.filter((value): value is number => value !== null);
  const ordered = high.filter((value): value is number => value !== null).sort((a, b) => a - b);
  const top = Math.max(2, ordered[Math.floor(ordered.length * 0.95)] ?? 2, ...means);
  const base = dayChart(from(days)) as { legend: object; tooltip: object; yAxis: object } & Option;
  return draw(place, {
    ...base,
    legend: { ...base.legend, data: [{ name: words.mean, icon: "path://M0 4h16v3H0z" }, { name: words.interval, icon: "roundRect" }] },
    tooltip: {
      ...base.tooltip, axisPointer: { type: "line" },
      formatter: (points: { dataIndex: number }[]) => {
        const i = points[0]!.dataIndex + first;
        return `${longDay(days[i]!)}\n${words.mean}  ${two(mean[i])}\n${words.interval}  ${two(low[i])} – ${two(high[i])}`;
      },
    },
    yAxis: { ...base.yAxis, min: 0, max: Math.ceil(top * 2) / 2 },
    series: [
      { name: "low", type: "line", stack: "interval", data: from(low), symbol: "none", lineStyle: { opacity: 0 }, silent: true },
      {
        name: words.interval, type: "line", stack: "interval", data: from(spans), symbol: "none", silent: true,
        lineStyle: { opacity: 0 }, itemStyle: { color: "rgba(11, 98, 119, 0.28)" }, areaStyle: { color: "rgba(11, 98, 119, 0.22)" },
      },
      {
        name: words.mean, type: "line", data: from(mean), symbol: "none", z: 3,
        lineStyle: { color: token("act"), width: 2.25 }, itemStyle: { color: token("act") },
        markLine: {
          silent: true, symbol: "none", lineStyle: { color: token("bad"), type: "dashed", width: 1.25 },
          label: { formatter: words.threshold, position: "insideEndTop", color: token("bad"), fontSize: 11 },
          data: [{ yAxis: 1 }],
        },
      },
    ],
  }).drawn;
};
