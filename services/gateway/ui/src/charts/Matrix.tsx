// A confusion matrix as a heat map: rows predicted, columns true, background row and column included.
import { useMemo } from "react";
import { Chart, axis, baseOption, useInk } from "./Chart";

interface MatrixProps {
  names: string[];
  counts: number[][];
  label: string;
  predicted: string;
  actual: string;
}

export function Matrix({ names, counts, label, predicted, actual }: MatrixProps) {
  const ink = useInk();
  const option = useMemo(() => {
    const cells = counts.flatMap((row, y) => row.map((value, x) => [x, y, value] as const)).filter((cell) => cell[2] > 0);
    const most = cells.reduce((max, cell) => Math.max(max, cell[2]), 1);
    const few = names.length <= 24;
    return {
      ...baseOption(ink),
      legend: { show: false },
      grid: { left: 24, right: 14, top: 8, bottom: 24, containLabel: true },
      tooltip: {
        trigger: "item",
        confine: true,
        backgroundColor: ink.card,
        borderColor: ink.line,
        textStyle: { color: ink.text, fontSize: 12 },
        formatter: ({ data }: { data: readonly [number, number, number] }) =>
          `${predicted}: ${escape(names[data[1]] ?? "")}<br>${actual}: ${escape(names[data[0]] ?? "")}<br><b>${data[2]}</b>`,
      },
      xAxis: axis(ink, {
        type: "category",
        data: names,
        name: actual,
        nameLocation: "middle",
        nameGap: 0,
        nameTextStyle: { color: ink.dim, verticalAlign: "bottom", padding: [40, 0, 0, 0] },
        axisLabel: { color: ink.dim, fontSize: 11, rotate: 40 },
        splitLine: { show: false },
      }),
      yAxis: axis(ink, {
        type: "category",
        data: names,
        inverse: true,
        axisLabel: { color: ink.dim, fontSize: 11 },
        splitLine: { show: false },
      }),
      visualMap: { show: false, min: 0, max: most, inRange: { color: [ink.card, ink.series[0]] } },
      series: [
        {
          id: "cells",
          type: "heatmap",
          data: cells,
          label: { show: few, fontSize: 11, color: ink.text },
          itemStyle: { borderColor: ink.card, borderWidth: 1 },
          emphasis: { itemStyle: { borderColor: ink.text } },
        },
      ],
    };
  }, [names, counts, ink, predicted, actual]);
  const height = Math.min(900, Math.max(280, 90 + names.length * 28));
  return <Chart option={option} height={height} label={label} testId="confusion-matrix" points={names.length} />;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
