// Hundreds of curves over each other, in the tones of one colour; the chosen ones stand out in their own.
import { useMemo } from "react";
import { Chart, axis, baseOption, useInk } from "./Chart";
import { escape } from "./escape";
import type { Span } from "./span";

export interface OneOfMany {
  id: string;
  name: string;
  points: [epoch: number, value: number][];
}

interface ManyCurvesProps {
  curves: OneOfMany[];
  chosen: readonly string[];
  label: string;
  range: Span;
  max?: number | undefined;
  onSpan: (span: Span) => void;
  onPick: (id: string) => void;
}

const AT_A_TIME = 40; // of hundreds: each stretch is a task of its own

export function ManyCurves({ curves, chosen, label, range, max, onSpan, onPick }: ManyCurvesProps) {
  const ink = useInk();
  const option = useMemo(() => {
    const shown = curves.filter(({ points }) => points.length > 0);
    const faint = Math.max(0.12, Math.min(0.7, 12 / shown.length));
    const lines = (each: OneOfMany) => {
      const place = chosen.indexOf(each.id);
      const own = place < 0 ? { color: ink.series[0], width: 1.2, opacity: faint } : { color: ink.series[(place + 1) % ink.series.length], width: 3, opacity: 1 };
      return { id: each.id, name: each.name, coords: each.points.length > 1 ? each.points : [each.points[0], each.points[0]], lineStyle: own };
    };
    const last = shown.reduce((most, { points }) => Math.max(most, points.at(-1)?.[0] ?? 0), 2);
    const [low, high] = extent(shown, range);
    return {
      ...baseOption(ink),
      legend: { show: false },
      grid: { left: 8, right: 14, top: 12, bottom: 8, containLabel: true },
      tooltip: {
        ...(baseOption(ink)["tooltip"] as object),
        trigger: "item",
        formatter: ({ name }: { name: string }) => escape(name),
      },
      xAxis: axis(ink, { type: "value", min: range?.[0] ?? 1, max: range?.[1] ?? last, minInterval: 1, splitLine: { show: false } }),
      yAxis: axis(ink, { type: "value", min: max === undefined ? low : 0, max: max ?? high }),
      series: [
        {
          id: "curves",
          type: "lines",
          coordinateSystem: "cartesian2d",
          polyline: true,
          clip: true,
          progressive: AT_A_TIME,
          progressiveThreshold: AT_A_TIME,
          data: [...shown.filter(({ id }) => !chosen.includes(id)), ...shown.filter(({ id }) => chosen.includes(id))].map(lines),
          emphasis: { lineStyle: { width: 3, opacity: 1, color: ink.series[1] } },
        },
      ],
    };
  }, [curves, chosen, range, ink, max]);
  const pick = (_: unknown, data: unknown) => {
    if (typeof data === "object" && data !== null && "id" in data) onPick(String(data.id));
  };
  return <Chart option={option} height={420} label={label} testId="many-curves" points={curves.length} onSpan={onSpan} onPick={pick} />;
}

/** Lowest and highest value that is shown: an axis of `lines` does not find them by itself. */
function extent(curves: readonly OneOfMany[], range: Span): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { points } of curves) {
    for (const [epoch, value] of points) {
      if (range && (epoch < range[0] || epoch > range[1])) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low > high) return [0, 1];
  const spare = 0.05 * (high - low || Math.abs(high) || 1);
  return [Math.max(low >= 0 ? 0 : low - spare, low - spare), high + spare];
}
