// A clicked number leads to its boxes at whatever point the panels are.
import { expect, test } from "vitest";
import type { Panels } from "../../api/panels";
import { referenceOf, shown } from "./selection";

const kinds = { tp: "matches?kind=tp", fp: "matches?kind=fp", fn: "matches?kind=fn" };
const panels = {
  headline: { boxes: kinds },
  class_metrics: { nike: { boxes: { ...kinds, fp: "matches?kind=fp&class=nike" } } },
  causes: { bkg: { count: 2, delta_ap: 0.1, boxes: "matches?cause=bkg" } },
  confusion: { names: ["nike", "background"], cells: [[0, 1, 3]], boxes: "confusion?iou=0.5&row={row}&column={column}" },
} as unknown as Panels;

test("each kind of number has its reference", () => {
  expect(referenceOf(panels, { of: "all", kind: "tp", name: "" })).toBe("matches?kind=tp");
  expect(referenceOf(panels, { of: "class", kind: "fp", name: "nike" })).toBe("matches?kind=fp&class=nike");
  expect(referenceOf(panels, { of: "cause", name: "bkg" })).toBe("matches?cause=bkg");
  expect(referenceOf(panels, { of: "cell", row: 0, column: 1 })).toBe("confusion?iou=0.5&row=0&column=1");
  expect(referenceOf(panels, { of: "class", kind: "tp", name: "gone" })).toBeNull();
});

test("cells that are not told are zero", () => {
  expect(shown(panels).counts).toEqual([
    [0, 3],
    [0, 0],
  ]);
});

test("of many classes only those with a cell are shown, at their own places", () => {
  const names = Array.from({ length: 40 }, (_, at) => `c${at}`);
  const many = { confusion: { names, cells: [[7, 30, 2]], boxes: "" } } as unknown as Panels;
  expect(shown(many)).toEqual({
    names: ["c7", "c30", "c39"],
    counts: [
      [0, 2, 0],
      [0, 0, 0],
      [0, 0, 0],
    ],
    places: [7, 30, 39],
  });
});
