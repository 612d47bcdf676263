// Dragging over a chart marks a stretch of its horizontal axis; a double click takes the mark back.
import type { ECharts } from "./echarts";

/** Both ends inside, on the scale of the axis; null = all of it. */
export type Span = [from: number, to: number] | null;

const LEAST_PX = 8;

/** `3-10` of an address; null where it is no stretch of whole numbers. */
export function spanOf(text: string): Span {
  const found = /^(\d{1,13})-(\d{1,13})$/.exec(text);
  const [from, to] = [Number(found?.[1]), Number(found?.[2])];
  return to > from ? [from, to] : null;
}

/** The same for an address: the whole numbers nearest to both ends, "" for all. */
export function spanText(span: Span): string {
  if (span === null) return "";
  const from = Math.max(0, Math.round(span[0]));
  return `${from}-${Math.max(from + 1, Math.round(span[1]))}`;
}

interface Place {
  offsetX: number;
  offsetY: number;
}

/** Tells `choose` what was marked; the band while dragging is drawn into `box`. Ends with the chart. */
export function spans(chart: ECharts, box: HTMLElement, choose: (span: Span) => void): void {
  const band = document.createElement("div");
  band.className = "span-band";
  let from: Place | null = null;
  const paper = chart.getZr();
  const inside = ({ offsetX, offsetY }: Place) => chart.containPixel({ gridIndex: 0 }, [offsetX, offsetY]);
  const end = () => {
    from = null;
    band.remove();
  };
  paper.on("mousedown", (event) => {
    if (!inside(event)) return;
    from = { offsetX: event.offsetX, offsetY: event.offsetY };
  });
  paper.on("mousemove", (event) => {
    if (!from || !inside(event)) return;
    const [left, right] = [Math.min(from.offsetX, event.offsetX), Math.max(from.offsetX, event.offsetX)];
    if (right - left < LEAST_PX) return;
    band.style.left = `${left}px`;
    band.style.width = `${right - left}px`;
    if (!band.isConnected) box.append(band);
  });
  paper.on("mouseup", (event) => {
    if (!from) return;
    const [dx, dy] = [Math.abs(event.offsetX - from.offsetX), Math.abs(event.offsetY - from.offsetY)];
    const ends = [from.offsetX, event.offsetX].map((px) => Number(chart.convertFromPixel({ xAxisIndex: 0 }, px)));
    end();
    const [low = 0, high = 0] = ends.sort((a, b) => a - b);
    if (dx >= LEAST_PX && dx > dy && high > low) choose([low, high]);
  });
  paper.on("globalout", end);
  paper.on("dblclick", () => choose(null));
}
