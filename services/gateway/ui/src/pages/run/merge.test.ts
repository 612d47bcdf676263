// What REST loaded and what the socket told are one history, each epoch once.
import { expect, test } from "vitest";
import { epochOfRow } from "../../live/rows";
import type { EpochPoint } from "../../live/state";
import { curve, mergeEpochs } from "./merge";

const rows = (...epochs: number[]) => epochs.map((epoch) => ({ epoch, seconds: 1 }));
const told = (...epochs: number[]): EpochPoint[] => epochs.map((epoch) => ({ ...epochOfRow({ epoch, seconds: 2 }), attempt: 1 }));
const seen = (points: EpochPoint[]) => points.map((point) => [point.epoch, point.seconds]);

test.each([
  ["nothing told", rows(1, 2), told(), [[1, 1], [2, 1]]],
  ["nothing loaded", rows(), told(1, 2), [[1, 2], [2, 2]]],
  ["what is told follows", rows(1, 2), told(3, 4), [[1, 1], [2, 1], [3, 2], [4, 2]]],
  ["what is told covers the end", rows(1, 2, 3), told(2, 3, 4), [[1, 1], [2, 2], [3, 2], [4, 2]]],
  ["what is told lies inside", rows(1, 2, 3), told(2), [[1, 1], [2, 2], [3, 1]]],
  ["what is told has gaps", rows(1, 2, 3), told(1, 3, 5), [[1, 2], [2, 1], [3, 2], [5, 2]]],
])("%s", (_, loaded, live, wanted) => {
  expect(seen(mergeEpochs(loaded, live))).toEqual(wanted);
});

test("an epoch without a value has no point", () => {
  const points = curve(told(1, 2), "x", 0, (point) => (point.epoch === 1 ? undefined : point.seconds)).points;
  expect(points).toEqual([[2, 2]]);
});
