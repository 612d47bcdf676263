// Curves over epochs, or over time: train solid, validation dashed, one colour per quantity.
import { type RefObject, useMemo } from "react";
import { Chart, axis, baseOption, useInk } from "./Chart";
import type { ECharts } from "./echarts";
import type { Span } from "./span";
import { thin } from "./thin";

export interface Curve {
  name: string;
  color: number;
  dashed?: boolean;
  points: [epoch: number, value: number | null][];
}

export interface CurvesProps {
  curves: Curve[];
  label: string;
  /** Epochs planned: the axis is as long from the start. Left out, the axis is time in ms. */
  epochs?: number;
  /** Epochs, or ms, that are shown, both ends inside. */
  range?: Span;
  /** Told the stretch that was marked by dragging; a double click tells null. */
  onSpan?: (span: Span) => void;
  max?: number;
  log?: boolean;
  testId?: string;
  height?: number;
  grip?: RefObject<ECharts | null>;
}

export function Curves({ curves, label, epochs, range, max, log = false, testId, height = 240, grip, onSpan }: CurvesProps) {
  const ink = useInk();
  const option = useMemo(() => {
    const over =
      epochs === undefined
        ? { type: "time", min: range?.[0], max: range?.[1] }
        : { type: "value", min: range?.[0] ?? 1, max: range?.[1] ?? Math.max(2, epochs), minInterval: 1 };
    const free = log ? { type: "log" } : { type: "value", min: max === undefined ? undefined : 0, max, scale: max === undefined };
    return {
      ...baseOption(ink),
      xAxis: axis(ink, { ...over, splitLine: { show: false } }),
      yAxis: axis(ink, free),
      series: curves.map((curve) => ({
        id: curve.name,
        name: curve.name,
        type: "line",
        data: thin(within(curve.points, range, log)),
        showSymbol: curve.points.length < 40,
        symbolSize: 5,
        symbol: curve.dashed ? "emptyCircle" : "circle",
        color: ink.series[curve.color % ink.series.length],
        lineStyle: { width: 2, type: curve.dashed ? "dashed" : "solid" },
        emphasis: { disabled: true },
      })),
    };
  }, [curves, epochs, range, ink, max, log]);
  const points = curves.reduce((most, curve) => Math.max(most, curve.points.length), 0);
  return <Chart option={option} height={height} label={label} points={points} {...(testId ? { testId } : {})} onSpan={onSpan} {...(grip ? { grip } : {})} />;
}

/** Only what is shown decides about the value axis; a logarithm has no place for 0. */
function within(points: Curve["points"], range: Span | undefined, log: boolean) {
  if (!range && !log) return points;
  return points.filter(([x, y]) => (!range || (x >= range[0] && x <= range[1])) && (!log || y === null || y > 0));
}
