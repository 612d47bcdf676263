// Where box centres lie: the frame of an image as a grid of fields, darker where there are more.
import { useMemo } from "react";
import { Chart, axis, baseOption, useInk } from "./Chart";

export function Places({ grid, label }: { grid: number[][]; label: string }) {
  const ink = useInk();
  const option = useMemo(() => {
    const most = Math.max(1, ...grid.flat());
    const axes = { type: "category", show: false, data: grid.map((_, at) => at) };
    return {
      ...baseOption(ink),
      legend: { show: false },
      grid: { left: 2, right: 2, top: 2, bottom: 2 },
      tooltip: { ...(baseOption(ink)["tooltip"] as object), trigger: "item", formatter: ({ value }: { value: number[] }) => String(value[2] ?? 0) },
      xAxis: axis(ink, axes),
      yAxis: axis(ink, { ...axes, inverse: true }),
      visualMap: { show: false, min: 0, max: most, inRange: { color: [ink.zero, ink.series[0]] } },
      series: [
        {
          id: "places",
          type: "heatmap",
          data: grid.flatMap((row, y) => row.map((n, x) => [x, y, n])),
          itemStyle: { borderColor: ink.card, borderWidth: 1 },
        },
      ],
    };
  }, [grid, ink]);
  return <Chart option={option} height={220} label={label} testId="box-places" points={grid.flat().length} maxWidth={320} />;
}
