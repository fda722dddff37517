import { LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, TitleComponent } from "echarts/components";
import { type EChartsCoreOption, init, use } from "echarts/core";
import { LabelLayout } from "echarts/features";
import { SVGRenderer } from "echarts/renderers";
import { threeDigits } from "./efficiencyText.ts";
import { heightOf, pointLabel, type Roof, type Roofline, ridgeOf, roofLabel } from "./rooflineData.ts";

// ECharts rather than Observable Plot: it writes SVG as text without a DOM, and is three packages rather than sixty.
use([LineChart, ScatterChart, GridComponent, TitleComponent, LabelLayout, SVGRenderer]);

/** Each colour on a light ground, and what it becomes on a dark one. */
const ink = { ground: "#ffffff", text: "#1f2328", faint: "#59636e", grid: "#e4e8ec" };
const roofColours = ["#0969da", "#bc4c00", "#1a7f37", "#8250df", "#bf3989"];
const onDark: Record<string, string> = {
  "#ffffff": "#0d1117",
  "#1f2328": "#f0f6fc",
  "#59636e": "#9198a1",
  "#e4e8ec": "#2a313c",
  "#0969da": "#58a6ff",
  "#bc4c00": "#f0883e",
  "#1a7f37": "#3fb950",
  "#8250df": "#bc8cff",
  "#bf3989": "#f778ba",
};

const width = 860;
const height = 520;

/** The picture as an SVG document that follows the reader's light or dark setting. */
export function renderRoofline(roofline: Roofline): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption(optionOf(roofline));
    return adapt(chart.renderToSVGString(), roofline.finding);
  } finally {
    chart.dispose();
  }
}

function optionOf({ roofs, points, finding, intensities, rates }: Roofline): EChartsCoreOption {
  const font = "system-ui, -apple-system, 'Segoe UI', sans-serif";
  const axis = {
    type: "log",
    nameLocation: "middle",
    nameTextStyle: { color: ink.text, fontSize: 13 },
    axisLabel: { color: ink.faint, fontSize: 12, formatter: threeDigits },
    axisLine: { show: true, onZero: false, lineStyle: { color: ink.faint } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: ink.grid } },
  };
  const [low, high] = intensities;
  const isRight = (x: number) => Math.log10(x / low) > 0.5 * Math.log10(high / low);
  const text = { show: true, color: ink.text, fontSize: 13, distance: 10 };
  return {
    animation: false,
    backgroundColor: ink.ground,
    textStyle: { fontFamily: font },
    title: {
      text: finding,
      subtext:
        "Useful matrix work of each arm against what its device can do, both measured; medians of the runs",
      left: 24,
      top: 14,
      textStyle: { color: ink.text, fontSize: 17, fontWeight: 600, width: width - 48, overflow: "break" },
      subtextStyle: { color: ink.faint, fontSize: 13 },
    },
    grid: { left: 84, right: 32, top: 92, bottom: 64 },
    xAxis: {
      ...axis,
      min: low,
      max: high,
      name: "Arithmetic intensity, at most (FLOP per byte)",
      nameGap: 36,
    },
    yAxis: { ...axis, min: rates[0], max: rates[1], name: "Rate (TFLOP per second)", nameGap: 56 },
    series: [
      ...roofs.map((roof, i) => ({
        type: "line",
        silent: true,
        symbol: "none",
        lineStyle: { color: colourOf(i), width: 2 },
        data: [Math.max(low, (1000 * rates[0]) / roof.copyGBs), ridgeOf(roof), high].map((x) => [
          x,
          heightOf(roof, x),
        ]),
      })),
      ...points.map((point) => ({
        type: "line",
        silent: true,
        symbol: "none",
        lineStyle: { color: colourOf(point.roof), width: 1, type: "dotted" },
        data: [
          [point.intensity, point.achieved],
          [point.intensity, heightOf(roofs[point.roof] as Roof, point.intensity)],
        ],
      })),
      {
        type: "scatter",
        silent: true,
        symbolSize: 11,
        labelLayout: { moveOverlap: "shiftY" },
        data: [
          ...points.map((point) => ({
            value: [point.intensity, point.achieved],
            itemStyle: { color: colourOf(point.roof), borderColor: ink.ground, borderWidth: 1.5 },
            label: {
              ...text,
              position: isRight(point.intensity) ? "left" : "right",
              formatter: pointLabel(point, roofs),
            },
          })),
          ...roofs.map((roof, i) => ({
            value: [high, roof.matmulTflops],
            symbolSize: 0.01,
            label: {
              ...text,
              position: "left",
              offset: [0, -12],
              color: colourOf(i),
              formatter: roofLabel(roof),
            },
          })),
        ],
      },
    ],
  };
}

const colourOf = (roof: number): string => roofColours[roof % roofColours.length] as string;

/** Makes the document stand alone: a name for readers who do not see it, and colours for a dark ground. */
function adapt(svg: string, finding: string): string {
  const rules = Object.entries(onDark).flatMap(([light, dark]) =>
    ["fill", "stroke"].map((attribute) => `[${attribute}="${light}"]{${attribute}:${dark}}`),
  );
  const head = `<title>${escapeXml(finding)}</title><style>@media (prefers-color-scheme:dark){${rules.join("")}}</style>`;
  return `${svg.replace("<svg ", '<svg role="img" ').replace(/^(<svg [^>]*>)/, `$1${head}`)}\n`;
}

const escapeXml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
