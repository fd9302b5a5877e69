/** Bars over steps of a number, with what a distribution expects as a line. */

import { dayChart, draw, type Option } from "../shared/chart";
import { token } from "../shared/palette";
import { EmptyPicture, type Draw } from "../shared/picture";

interface Bars {
  labels: string[];
  values: number[];
  expected: number[] | null;
  unit: string;
  axis: string;
  expectedLabel?: string;
}

export const mount: Draw<Bars> = (place, data, words) => {
  if (!data.values.some((value) => value > 0)) throw new EmptyPicture(words.empty!);
  const base = dayChart(data.labels) as { legend: object; tooltip: object; xAxis: object; yAxis: object } & Option;
  const axisLabel = { color: token("ink-soft"), fontSize: 11, hideOverlap: true };
  return draw(place, {
    ...base,
    legend: {
      ...base.legend,
      data: [{ name: data.unit }, ...(data.expected ? [{ name: data.expectedLabel!, icon: "path://M0 4h16v3H0z" }] : [])],
    },
    grid: { left: 10, right: 16, top: 40, bottom: 24, containLabel: true },
    tooltip: {
      ...base.tooltip,
      formatter: (points: { dataIndex: number }[]) => {
        const i = points[0]!.dataIndex;
        const expected = data.expected ? `\n${data.expectedLabel}  ${data.expected[i]!.toFixed(1)}` : "";
        return `${data.axis}: ${data.labels[i]}\n${data.unit}  ${data.values[i]}${expected}`;
      },
    },
    xAxis: {
      ...base.xAxis, axisLabel, name: data.axis, nameLocation: "middle", nameGap: 26,
      nameTextStyle: { color: token("ink-soft"), fontSize: 11 },
    },
    yAxis: { ...base.yAxis, minInterval: 1 },
    series: [
      { name: data.unit, type: "bar", data: data.values, barCategoryGap: "12%", itemStyle: { color: token("act") } },
      ...(data.expected
        ? [{
            name: data.expectedLabel, type: "line", data: data.expected, symbolSize: 5, z: 3,
            lineStyle: { color: token("confirmed"), width: 1.75 }, itemStyle: { color: token("confirmed") },
          }]
        : []),
    ],
  }).drawn;
};
