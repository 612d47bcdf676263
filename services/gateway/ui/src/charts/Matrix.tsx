// A confusion matrix as a heat map: rows predicted, columns true, background row and column included.
import { useMemo } from "react";
import { Chart, axis, baseOption, useInk } from "./Chart";
import { escape } from "./escape";

type Cell = readonly [column: number, row: number, weight: number, count: number];

interface MatrixProps {
  names: string[];
  counts: number[][];
  label: string;
  predicted: string;
  actual: string;
  /** Colours and texts as shares of the column: of all that is truly of this class. */
  asShare?: boolean;
  onCell?: (row: number, column: number) => void;
}

export function Matrix({ names, counts, label, predicted, actual, asShare = false, onCell }: MatrixProps) {
  const ink = useInk();
  const option = useMemo(() => {
    const columns = names.map((_, x) => counts.reduce((sum, row) => sum + (row[x] ?? 0), 0));
    const weight = (x: number, n: number) => (asShare ? n / Math.max(1, columns[x] ?? 1) : n);
    const most = asShare ? 1 : counts.flat().reduce((max, value) => Math.max(max, value), 1);
    const few = names.length <= 24;
    const cells = counts
      .flatMap((row, y) => row.map((value, x) => [x, y, value] as const))
      .filter(([, , value]) => few || value > 0)
      .map(([x, y, n]) => {
        const value: Cell = [x, y, weight(x, n), n];
        return few ? { value, label: { color: value[2] > most / 2 ? ink.card : ink.text } } : value;
      });
    const text = ([, , w, n]: Cell) => (n === 0 ? "" : asShare ? `${Math.round(100 * w)}` : String(n));
    return {
      ...baseOption(ink),
      legend: { show: false },
      grid: { left: 8, right: 8, top: 8, bottom: 8, containLabel: true },
      tooltip: {
        trigger: "item",
        confine: true,
        backgroundColor: ink.card,
        borderColor: ink.line,
        textStyle: { color: ink.text, fontSize: 12 },
        formatter: ({ value: [x, y, , n] }: { value: Cell }) =>
          `${predicted}: ${escape(names[y] ?? "")}<br>${actual}: ${escape(names[x] ?? "")}<br><b>${n}</b> / ${columns[x] ?? 0}`,
      },
      xAxis: axis(ink, {
        type: "category",
        data: names,
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
      visualMap: { show: false, dimension: 2, min: 0, max: most, inRange: { color: [ink.zero, ink.series[0]] } },
      series: [
        {
          id: "cells",
          type: "heatmap",
          data: cells,
          label: { show: few, fontSize: 11, formatter: ({ value }: { value: Cell }) => text(value) },
          itemStyle: { borderColor: ink.card, borderWidth: 1 },
          emphasis: { itemStyle: { borderColor: ink.text } },
        },
      ],
    };
  }, [names, counts, ink, predicted, actual, asShare]);
  const height = Math.min(900, Math.max(280, 90 + names.length * 28));
  const pick = onCell && ((value: unknown) => isCell(value) && onCell(value[1], value[0]));
  return (
    <Chart
      option={option}
      height={height}
      label={label}
      testId="confusion-matrix"
      points={names.length}
      maxWidth={2 * height}
      onPick={pick}
    />
  );
}

function isCell(value: unknown): value is Cell {
  return Array.isArray(value) && value.length === 4 && value[3] > 0;
}
