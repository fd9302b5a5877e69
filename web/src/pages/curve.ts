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

const DASH = "path://M0 4h6v3H0zM9 4h6v3H9z";

export const mount: Draw<Curve> = (place, data, words) => {
  const { days, series } = data;
  const sums = days.map((_, i) => series.reduce((sum, one) => sum + (one.values[i] ?? 0), 0));
  fillTable(
    place,
    [data.dayLabel ?? words.day!, ...series.map((one) => one.label), words.total!],
    days.map((day, i) => [day, ...series.map((one) => one.values[i] ?? 0), sums[i]!]),
  );
  if (!sums.some((sum) => sum > 0)) throw new EmptyPicture(words.empty!);

  // Days still waiting for reports are shaded by bars as wide as a day, on axes of their own.
  const waiting = data.uncertainFrom ? days.findIndex((day) => day >= data.uncertainFrom!) : -1;
  const shade = waiting < 0
    ? []
    : [{
        name: words.incomplete, type: "bar", xAxisIndex: 1, yAxisIndex: 1, barCategoryGap: "0%", silent: true, z: 0, animation: false,
        itemStyle: { color: "rgba(84, 108, 120, 0.15)" }, tooltip: { show: false },
        data: days.map((_, i) => (i >= waiting ? 1 : null)),
      }];
  const expected = data.expected;
  const base = dayChart(days) as { legend: object; tooltip: object; yAxis: object } & Option;
  const bars = series.map((one) => {
    const kind = kindOf(one.key);
    return {
      name: one.label, type: "bar", stack: "cases", barCategoryGap: "12%", barMaxWidth: 34, data: one.values,
      itemStyle: { color: token(kind), borderColor: token(`${kind}-line`), borderWidth: 0.75, decal: decalOf(kind) },
      emphasis: { focus: "series" },
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

  return draw(place, {
    ...base,
    legend: { ...base.legend, data: [...series.map((one) => ({ name: one.label, icon: "roundRect" })), ...(expected ? [{ name: words.expected, icon: DASH }] : []), ...shade.map((one) => ({ name: one.name!, icon: "rect" }))] },
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
    xAxis: [base.xAxis, { type: "category", data: days, show: false }],
    yAxis: [{ ...base.yAxis, minInterval: 1 }, { type: "value", show: false, min: 0, max: 1 }],
    series: [...shade, ...bars, ...band],
  }).drawn;
};
