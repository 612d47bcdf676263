// A histogram as the gateway tells it: n counts between n + 1 edges; empty ends are cut off.
import { useMemo } from "react";
import { Chart, axis, baseOption, useInk } from "./Chart";

interface BarsProps {
  histogram: { edges: number[]; counts: number[] };
  label: string;
  testId: string;
}

export function Bars({ histogram, label, testId }: BarsProps) {
  const ink = useInk();
  const [option, points] = useMemo(() => {
    const { edges, counts } = histogram;
    const used = counts.flatMap((n, at) => (n > 0 ? [at] : []));
    const [first, last] = [used[0] ?? 0, (used.at(-1) ?? -1) + 1];
    const names = counts.slice(first, last).map((_, at) => {
      const [low, high] = [edges[first + at] ?? 0, edges[first + at + 1] ?? 0];
      return Number.isInteger(low) && high === low + 1 ? String(low) : `${short(low)}${low < 0 ? "…" : "–"}${short(high)}`;
    });
    const option = {
      ...baseOption(ink),
      legend: { show: false },
      grid: { left: 8, right: 14, top: 12, bottom: 8, containLabel: true },
      xAxis: axis(ink, { type: "category", data: names, splitLine: { show: false } }),
      yAxis: axis(ink, { type: "value", minInterval: 1 }),
      series: [{ id: "counts", name: label, type: "bar", barCategoryGap: "12%", data: counts.slice(first, last) }],
    };
    return [option, last - first] as const;
  }, [histogram, ink, label]);
  return <Chart option={option} height={220} label={label} testId={testId} points={points} />;
}

function short(value: number): string {
  return Math.abs(value) >= 10 ? String(Math.round(value)) : String(Number(value.toFixed(2)));
}
