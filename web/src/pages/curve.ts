/** The epidemic curve: cases by day, stacked by classification. */

import { dayChart, draw, type Option } from "../shared/chart";
import { decalOf, kindOf, token } from "../shared/palette";
import { EmptyPicture, fillTable, type Draw } from "../shared/picture";
import { longDay, shown } from "../shared/words";

interface Curve {
  days: string[];
  series: { key: string; label: string; values: number[] }[];
  title?: string;
  unit?: string;
  dayLabel?: string;
  /** Days from here on still wait for reports. */
  uncertainFrom?: string | null;
  /** What those days are expected to reach once all reports are in; null where not estimated. */
  expected?: { mean: (number | null)[]; low: (number | null)[]; high: (number | null)[] } | null;
}

export const mount: Draw<Curve> = (place, data, words) => {
  const { days, series } = data;
  const sums = days.map((_, i) => series.reduce((sum, one) => sum + (one.values[i] ?? 0), 0));
  fillTable(
    place,
    [data.dayLabel ?? words.day!, ...series.map((one) => one.label), words.total!],
    days.map((day, i) => [day, ...series.map((one) => one.values[i] ?? 0), sums[i]!]),
  );
  if (!sums.some((sum) => sum > 0)) throw new EmptyPicture(words.empty!);

  const expected = data.expected;
  const base = dayChart(days) as { legend: object; tooltip: object; yAxis: object } & Option;
  const bars = series.map((one, position) => {
    const kind = kindOf(one.key);
    return {
      name: one.label, type: "bar", stack: "cases", barCategoryGap: "12%", barMaxWidth: 34, data: one.values,
      itemStyle: { color: token(kind), borderColor: token(`${kind}-line`), borderWidth: 0.75, decal: decalOf(kind) },
      emphasis: { focus: "series" },
      markArea: position === 0 && data.uncertainFrom && days.includes(data.uncertainFrom)
        ? {
            silent: true, itemStyle: { color: "rgba(84, 108, 120, 0.13)" },
            label: { color: token("ink-soft"), fontSize: 11, position: "insideTop", distance: 4, width: 110, overflow: "break" },
            data: [[{ xAxis: data.uncertainFrom, name: words.incomplete }, { xAxis: days[days.length - 1] }]],
          }
        : undefined,
    };
  });
  const band = expected
    ? [
        { name: "low", type: "line", stack: "expected", data: expected.low, symbol: "none", lineStyle: { opacity: 0 }, tooltip: { show: false }, silent: true },
        {
          name: "span", type: "line", stack: "expected", symbol: "none", lineStyle: { opacity: 0 }, silent: true, tooltip: { show: false },
          areaStyle: { color: "rgba(16, 48, 59, 0.18)" },
          data: expected.high.map((high, i) => (high === null || expected.low[i] == null ? null : high - expected.low[i]!)),
        },
        { name: words.expected, type: "line", data: expected.mean, symbol: "none", lineStyle: { color: token("ink"), width: 2, type: "dashed" }, itemStyle: { color: token("ink") } },
      ]
    : [];

  const { chart, drawn } = draw(place, {
    ...base,
    legend: { ...base.legend, data: [...series.map((one) => one.label), ...(expected ? [words.expected] : [])] },
    tooltip: {
      ...base.tooltip,
      formatter: (points: { dataIndex: number }[]) => {
        const i = points[0]!.dataIndex;
        const lines = series.filter((one) => one.values[i]).map((one) => `${one.label}  ${shown(one.values[i]!)}`);
        if (expected?.mean[i] != null) {
          const round = (value: number | null | undefined) => (value == null ? "–" : shown(Math.round(value)));
          lines.push(`${words.expected}  ${round(expected.mean[i])} (${round(expected.low[i])}–${round(expected.high[i])})`);
        }
        return [longDay(days[i]!), ...lines, `${words.total}  ${shown(sums[i]!)}`].join("\n");
      },
    },
    yAxis: { ...base.yAxis, minInterval: 1 },
    series: [...bars, ...band],
  });
  chart.on("legendselectchanged", () => chart.resize());
  return drawn;
};
