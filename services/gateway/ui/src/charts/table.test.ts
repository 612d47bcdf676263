// What is exported is what is drawn: every point once, curves side by side.
import { expect, test } from "vitest";
import { csvOf } from "./table";

test("curves of unlike lengths stand side by side by their place on the axis", () => {
  const csv = csvOf(
    [
      { name: "box", color: 0, points: [[1, 0.5], [3, 0.25]] },
      { name: 'a "b", c', color: 1, points: [[3, 1], [2, 0], [4, null]] },
    ],
    "epoch",
  );
  expect(csv).toBe('epoch,box,"a ""b"", c"\n1,0.5,\n2,,0\n3,0.25,1\n4,,\n');
});
