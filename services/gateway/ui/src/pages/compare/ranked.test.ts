// The order of many trainings.
import { expect, test } from "vitest";
import { ranked } from "./ranked";

const curve = (training_id: string, ...values: (number | null)[]) => ({ training_id, name: training_id, epochs: values.map((_, at) => at + 1), values });

test("the highest share is first, the lowest loss is first, one without a value is last", () => {
  const curves = [curve("a", 0.2, 0.5), curve("b", null), curve("c", 0.9, 0.1)];
  expect(ranked(curves, true).map(({ id, best }) => [id, best])).toEqual([["c", 0.9], ["a", 0.5], ["b", null]]);
  expect(ranked(curves, false).map(({ id, best }) => [id, best])).toEqual([["c", 0.1], ["a", 0.2], ["b", null]]);
});

test("an epoch without a value is left out of the curve", () => {
  expect(ranked([curve("a", 0.1, null, 0.3)], true)[0]?.points).toEqual([[1, 0.1], [3, 0.3]]);
});
