/** The part of ECharts that the console draws with, and what its charts have in common. */

import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

import { token } from "./palette";
import type { Drawn } from "./picture";
import { shortDay } from "./words";

echarts.use([
  BarChart, LineChart, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, CanvasRenderer,
]);

export type Option = echarts.EChartsCoreOption;

const ink = token("ink");
const soft = token("ink-soft");
const line = token("line");

/** How far down a legend with these words reaches in a chart of this width, in pixels. */
function legendDepth(labels: string[], width: number): number {
  const pen = document.createElement("canvas").getContext("2d")!;
  pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  let rows = 1;
  let used = 20;
  for (const label of labels) {
    const needs = 16 + 5 + pen.measureText(label).width + 14;
    if (used + needs > width && used > 20) {
      rows += 1;
      used = 20;
    }
    used += needs;
  }
  return 14 + rows * 23;
}

/** What all charts of days share. The tooltip is painted, not written as HTML: styles in markup are barred here. */
export function dayChart(days: string[]): Option {
  return {
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: ink },
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    animationDuration: 250,
    grid: { left: 10, right: 16, top: 40, bottom: 8, containLabel: true },
    legend: { top: 6, left: 10, right: 10, type: "plain", itemWidth: 16, itemHeight: 11, itemGap: 14, textStyle: { color: ink, fontSize: 12 } },
    tooltip: {
      trigger: "axis", renderMode: "richText", confine: true, backgroundColor: token("night"), borderWidth: 0,
      padding: [8, 12], textStyle: { color: "#fff", fontSize: 12, lineHeight: 19, fontFamily: getComputedStyle(document.body).fontFamily }, axisPointer: { type: "shadow" },
    },
    xAxis: {
      type: "category", data: days,
      axisLabel: { color: soft, fontSize: 11, hideOverlap: true, formatter: shortDay },
      axisLine: { lineStyle: { color: token("line-strong") } },
      axisTick: { alignWithLabel: true, lineStyle: { color: token("line-strong") } },
    },
    yAxis: {
      type: "value", axisLabel: { color: soft, fontSize: 11 }, splitLine: { lineStyle: { color: line } }, nameTextStyle: { color: soft, align: "left" },
    },
  };
}

export function draw(place: HTMLElement, option: Option): { chart: echarts.ECharts; drawn: Drawn } {
  const holder = document.createElement("div");
  holder.className = "chart";
  place.replaceChildren(holder);
  const chart = echarts.init(holder, undefined, { renderer: "canvas" });
  const labels = ((option.legend as { data?: (string | { name: string })[] }).data ?? []).map((one) => (typeof one === "string" ? one : one.name));
  // A legend of several rows makes the chart taller rather than its bars shorter.
  const below = () => {
    const top = legendDepth(labels, holder.clientWidth);
    place.style.setProperty("--legend-rows", `${top - 37}px`);
    return { grid: { ...(option.grid as object), top } };
  };
  chart.setOption({ ...option, ...below() });
  chart.resize();
  return {
    chart,
    drawn: {
      resize: () => {
        chart.resize();
        chart.setOption(below());
      },
      paint: () => chart.renderToCanvas({ pixelRatio: 2, backgroundColor: "#fff" }),
      dispose: () => chart.dispose(),
    },
  };
}
