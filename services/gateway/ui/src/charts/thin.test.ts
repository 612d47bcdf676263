// What is drawn of a long curve shows all that sticks out.
import { expect, test } from "vitest";
import { type Place, thin } from "./thin";

test("a short curve is drawn whole", () => {
  const points: Place[] = [[1, 2], [2, null], [3, 4]];
  expect(thin(points)).toBe(points);
});

test("of a long curve the ends and every peak stay, in order, and little else", () => {
  const points = Array.from({ length: 10_000 }, (_, x): Place => [x, x === 4321 ? 99 : x === 8765 ? -99 : Math.sin(x)]);
  const kept = thin(points);
  const xs = kept.map(([x]) => x);
  expect(kept.length).toBeLessThanOrEqual(1600);
  expect(xs).toEqual([...xs].sort((a, b) => a - b));
  for (const x of [0, 4321, 8765, 9999]) expect(xs).toContain(x);
});

test("gaps do not hide the peaks beside them", () => {
  const points = Array.from({ length: 4000 }, (_, x): Place => [x, x % 10 === 0 ? x : null]);
  expect(thin(points).filter(([, y]) => y !== null)).toHaveLength(400);
});
