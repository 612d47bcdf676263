// One ECharts canvas that follows its box and the page's colours; new data is merged, not redrawn from nothing.
import { useComputedColorScheme } from "@mantine/core";
import { type RefObject, useEffect, useRef } from "react";
import { type ECharts, type EChartsCoreOption, init } from "./echarts";
import { type Span, spans } from "./span";

export interface Ink {
  text: string;
  dim: string;
  line: string;
  card: string;
  zero: string;
  series: string[];
}

const FONT = 'system-ui, "Segoe UI", "Hiragino Sans", "Noto Sans JP", "IPAGothic", sans-serif'; // a canvas inherits none

const LIGHT: Ink = {
  text: "#22272e",
  dim: "#5d6570",
  line: "#e4e1da",
  card: "#ffffff",
  zero: "#f1f3f5",
  series: ["#2f699f", "#c8742a", "#2e8b73", "#8a5fb0", "#a84a5c", "#6b7f2f"],
};
const DARK: Ink = {
  text: "#d5dae1",
  dim: "#98a3b3",
  line: "#2c343f",
  card: "#1b2028",
  zero: "#232a34",
  series: ["#7fb2e0", "#e7a461", "#66c2a5", "#bb98dd", "#df8a9a", "#b3c46b"],
};

export function useInk(): Ink {
  return useComputedColorScheme("light") === "dark" ? DARK : LIGHT;
}

const waiting = new Set<() => void>();

/** Draws one chart per task, so that several that change at once do not hold the page; returns how to take it back. */
function inTurn(draw: () => void): () => void {
  waiting.add(draw);
  if (waiting.size === 1) setTimeout(drawNext);
  return () => void waiting.delete(draw);
}

function drawNext(): void {
  const [draw] = waiting;
  if (!draw) return;
  waiting.delete(draw);
  draw();
  if (waiting.size > 0) setTimeout(drawNext);
}

interface ChartProps {
  option: EChartsCoreOption;
  height: number;
  label: string;
  testId?: string;
  points?: number;
  maxWidth?: number;
  /** Holds the chart while it is shown, for whoever saves it as a picture. */
  grip?: RefObject<ECharts | null>;
  /** Told the value of the point that was clicked, and the whole of its data. */
  onPick?: ((value: unknown, data: unknown) => void) | undefined;
  /** Told where between the axes was clicked, on their scales. */
  onPlace?: ((x: number, y: number) => void) | undefined;
  /** Told the stretch of the horizontal axis that was marked by dragging. */
  onSpan?: ((span: Span) => void) | undefined;
}

export function Chart({ option, height, label, testId, points, maxWidth, grip, onPick, onPlace, onSpan }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts | null>(null);
  const told = useRef({ onPick, onPlace, onSpan });
  useEffect(() => {
    told.current = { onPick, onPlace, onSpan };
  }, [onPick, onPlace, onSpan]);

  useEffect(() => {
    if (!box.current) return;
    const made = init(box.current);
    chart.current = made;
    if (grip) grip.current = made;
    made.on("click", (event) => told.current.onPick?.(event.value, event.data));
    made.getZr().on("click", ({ offsetX, offsetY }) => {
      const place = [offsetX, offsetY];
      if (!told.current.onPlace || !made.containPixel({ gridIndex: 0 }, place)) return;
      const [x = 0, y = 0] = made.convertFromPixel({ gridIndex: 0 }, place);
      told.current.onPlace(x, y);
    });
    if (told.current.onSpan) spans(made, box.current, (span) => told.current.onSpan?.(span));
    const watch = new ResizeObserver(() => made.resize());
    watch.observe(box.current);
    return () => {
      watch.disconnect();
      made.dispose();
      chart.current = null;
      if (grip) grip.current = null;
    };
  }, [grip]);

  useEffect(() => inTurn(() => chart.current?.setOption(option, { replaceMerge: ["series"] })), [option]);

  const cursor = onPlace ? "crosshair" : undefined;
  return <div ref={box} role="img" aria-label={label} className="chart" style={{ height, maxWidth, cursor }} data-testid={testId} data-points={points} />;
}

/** What all charts have in common: quiet axes, one tooltip, no animation of live data. */
export function baseOption(ink: Ink): EChartsCoreOption {
  return {
    animation: false,
    color: ink.series,
    textStyle: { fontFamily: FONT, color: ink.text },
    grid: { left: 8, right: 14, top: 34, bottom: 8, containLabel: true },
    legend: {
      type: "scroll",
      top: 0,
      left: 0,
      itemWidth: 18,
      itemHeight: 8,
      textStyle: { color: ink.dim, fontSize: 11 },
      pageTextStyle: { color: ink.dim },
      pageIconColor: ink.dim,
    },
    tooltip: {
      trigger: "axis",
      confine: true,
      backgroundColor: ink.card,
      borderColor: ink.line,
      textStyle: { color: ink.text, fontSize: 12 },
    },
  };
}

export function axis(ink: Ink, more: Record<string, unknown>): Record<string, unknown> {
  return {
    axisLine: { lineStyle: { color: ink.line } },
    axisTick: { show: false },
    axisLabel: { color: ink.dim, fontSize: 11, hideOverlap: true },
    splitLine: { lineStyle: { color: ink.line, opacity: 0.7 } },
    ...more,
  };
}
