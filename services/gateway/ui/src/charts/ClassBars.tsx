// Labels per class, one bar per split, the most frequent class on top.
import { useMemo } from "react";
import { Chart, axis, baseOption, useInk } from "./Chart";

export function ClassBars({ splits, label }: { splits: Record<string, Record<string, number>>; label: string }) {
  const ink = useInk();
  const [classes, option] = useMemo(() => {
    const totals = new Map<string, number>();
    for (const counts of Object.values(splits)) {
      for (const [name, n] of Object.entries(counts)) totals.set(name, (totals.get(name) ?? 0) + n);
    }
    const names = [...totals.keys()].sort((a, b) => (totals.get(a) ?? 0) - (totals.get(b) ?? 0));
    return [
      names,
      {
        ...baseOption(ink),
        xAxis: axis(ink, { type: "value", minInterval: 1 }),
        yAxis: axis(ink, { type: "category", data: names, splitLine: { show: false } }),
        series: Object.entries(splits).map(([split, counts]) => ({
          id: split,
          name: split,
          type: "bar",
          stack: "all",
          barMaxWidth: 16,
          data: names.map((name) => counts[name] ?? 0),
        })),
      },
    ];
  }, [splits, ink]);
  const height = Math.min(900, 70 + classes.length * 24);
  return <Chart option={option} height={height} label={label} testId="class-distribution" points={classes.length} />;
}
