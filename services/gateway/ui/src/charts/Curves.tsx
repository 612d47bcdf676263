// Curves over epochs: train solid, validation dashed, one colour per quantity.
import { useMemo } from "react";
import { Chart, axis, baseOption, useInk } from "./Chart";

export interface Curve {
  name: string;
  color: number;
  dashed?: boolean;
  points: [epoch: number, value: number][];
}

interface CurvesProps {
  curves: Curve[];
  label: string;
  epochs: number;
  max?: number;
  testId?: string;
  height?: number;
}

export function Curves({ curves, label, epochs, max, testId, height = 240 }: CurvesProps) {
  const ink = useInk();
  const option = useMemo(
    () => ({
      ...baseOption(ink),
      xAxis: axis(ink, {
        type: "value",
        min: 1,
        max: Math.max(2, epochs),
        minInterval: 1,
        splitLine: { show: false },
      }),
      yAxis: axis(ink, { type: "value", min: max === undefined ? undefined : 0, max, scale: max === undefined }),
      dataZoom: [{ type: "inside", filterMode: "none", zoomOnMouseWheel: "ctrl" }],
      series: curves.map((curve) => ({
        id: curve.name,
        name: curve.name,
        type: "line",
        data: curve.points,
        showSymbol: curve.points.length < 40,
        symbolSize: 5,
        symbol: curve.dashed ? "emptyCircle" : "circle",
        sampling: "lttb",
        color: ink.series[curve.color % ink.series.length],
        lineStyle: { width: 2, type: curve.dashed ? "dashed" : "solid" },
        emphasis: { disabled: true },
      })),
    }),
    [curves, epochs, ink, max],
  );
  const points = curves.reduce((most, curve) => Math.max(most, curve.points.length), 0);
  return <Chart option={option} height={height} label={label} testId={testId} points={points} />;
}
