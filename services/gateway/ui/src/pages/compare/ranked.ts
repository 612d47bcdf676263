// Curves of many trainings in the order of their best value. Pure.
import type { TrainingCurve } from "../../api/rest.gen";
import type { OneOfMany } from "../../charts/ManyCurves";

export interface Ranked extends OneOfMany {
  best: number | null;
}

/** Best first, those without a value last; the best is the highest, or the lowest where more is worse. */
export function ranked(curves: readonly TrainingCurve[], more: boolean): Ranked[] {
  const sign = more ? 1 : -1;
  const rows = curves.map(({ training_id, name, epochs, values }): Ranked => {
    const points = epochs.flatMap((epoch, at): [number, number][] => {
      const value = values[at] ?? null;
      return value === null ? [] : [[epoch, value]];
    });
    const best = points.reduce<number | null>((top, [, value]) => (top === null || sign * value > sign * top ? value : top), null);
    return { id: training_id, name, points, best };
  });
  const weight = ({ best }: Ranked) => (best === null ? Number.NEGATIVE_INFINITY : sign * best);
  return rows.sort((a, b) => weight(b) - weight(a) || a.name.localeCompare(b.name));
}
