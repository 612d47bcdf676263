// A curve of very many points as the few that can be seen: of each stretch its first, lowest, highest and last. Pure.

export type Place = [x: number, y: number | null];

/** Stretches of a curve: more than a chart is wide, in pixels, would show nothing more. */
const STRETCHES = 400;
const FEW = 4 * STRETCHES;

/** All points of a curve in order of x, or at most 4 of each of 400 stretches: nothing that sticks out is lost. */
export function thin(points: Place[]): Place[] {
  if (points.length <= FEW) return points;
  const kept: Place[] = [];
  for (let stretch = 0; stretch < STRETCHES; stretch += 1) {
    const from = Math.floor((stretch * points.length) / STRETCHES);
    const to = Math.floor(((stretch + 1) * points.length) / STRETCHES);
    let [low, high] = [from, from];
    for (let at = from + 1; at < to; at += 1) {
      const y = points[at]?.[1] ?? null;
      if (y === null) continue;
      if (y < (points[low]?.[1] ?? Number.POSITIVE_INFINITY)) low = at;
      if (y > (points[high]?.[1] ?? Number.NEGATIVE_INFINITY)) high = at;
    }
    const places = [...new Set([from, low, high, to - 1])].sort((a, b) => a - b);
    for (const at of places) {
      const point = points[at];
      if (point) kept.push(point);
    }
  }
  return kept;
}
