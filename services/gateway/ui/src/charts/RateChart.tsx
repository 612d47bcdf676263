// Rates between 0 and 1 with the operating point marked on each curve; a click picks the nearest point.
import { useMemo } from "react";
import { Chart, axis, baseOption, useInk } from "./Chart";

export interface Rate {
  id: string;
  name: string;
  color: number;
  points: [x: number, y: number, confidence: number][];
}

interface RateChartProps {
  rates: Rate[];
  /** Place of the operating point in each curve. */
  at: number;
  x: string;
  y: string;
  confidence: string;
  testId: string;
  onPick: (id: string, confidence: number) => void;
}

const HEIGHT_PX = 260;

export function RateChart({ rates, at, x, y, confidence, testId, onPick }: RateChartProps) {
  const ink = useInk();
  const option = useMemo(() => {
    const name = { nameLocation: "middle", nameTextStyle: { color: ink.dim, fontSize: 11 } };
    return {
      ...baseOption(ink),
      legend: { ...(baseOption(ink)["legend"] as object), show: rates.length > 1, data: rates.map((each) => each.name) },
      grid: { left: 12, right: 16, top: rates.length > 1 ? 34 : 14, bottom: 22, containLabel: true },
      tooltip: {
        ...(baseOption(ink)["tooltip"] as object),
        formatter: (all: { seriesName: string; value: Rate["points"][number] }[]) => told(all, x, confidence),
      },
      xAxis: axis(ink, { type: "value", min: 0, max: 1, name: x, nameGap: 24, ...name }),
      yAxis: axis(ink, { type: "value", min: 0, max: 1, name: y, nameGap: 30, ...name }),
      series: [
        ...rates.map((rate) => ({
          id: rate.id,
          name: rate.name,
          type: "line",
          data: rate.points,
          showSymbol: false,
          color: ink.series[rate.color],
          lineStyle: { width: 2 },
        })),
        ...rates.map((rate) => ({
          id: `${rate.id}-here`,
          name: rate.name,
          type: "line",
          data: rate.points.slice(at, at + 1),
          symbol: "circle",
          symbolSize: 11,
          color: ink.series[rate.color],
          itemStyle: { borderColor: ink.card, borderWidth: 2 },
          tooltip: { show: false },
          z: 5,
        })),
      ],
    };
  }, [rates, at, ink, x, y, confidence]);
  const place = (px: number, py: number) => {
    const [rate, point] = nearest(rates, px, py);
    if (rate && point) onPick(rate.id, point[2]);
  };
  return <Chart option={option} height={HEIGHT_PX} label={`${y || rates.map((each) => each.name).join(", ")} / ${x}`} testId={testId} points={rates[0]?.points.length ?? 0} onPlace={place} />;
}

function told(all: { seriesName: string; value: Rate["points"][number] }[], x: string, confidence: string): string {
  const first = all[0]?.value;
  if (!first) return "";
  const lines = [...new Map(all.map((each) => [each.seriesName, each.value[1]]))].map(([name, value]) => `${name}: <b>${value.toFixed(3)}</b>`);
  const head = first[0] === first[2] ? "" : `${x}: <b>${first[0].toFixed(3)}</b><br>`;
  return `${confidence}: <b>${first[2].toFixed(2)}</b><br>${head}${lines.join("<br>")}`;
}

function nearest(rates: readonly Rate[], x: number, y: number): [Rate?, Rate["points"][number]?] {
  let best: [Rate?, Rate["points"][number]?] = [];
  let least = Number.POSITIVE_INFINITY;
  for (const rate of rates) {
    for (const point of rate.points) {
      const far = Math.hypot(point[0] - x, point[1] - y);
      if (far < least) [least, best] = [far, [rate, point]];
    }
  }
  return best;
}
