// A clicked number leads to its boxes at whatever point the panels are, also from a link.
import { expect, test } from "vitest";
import type { Panels } from "../../api/panels";
import { type Selection, referenceOf, selectionOf, shown, wordOf } from "./selection";

const kinds = { tp: "matches?iou=0.5&kind=tp", fp: "matches?kind=fp", fn: "matches?kind=fn" };
const panels = {
  headline: { boxes: kinds },
  class_metrics: { nike: { boxes: { ...kinds, fp: "matches?kind=fp&class=nike" } } },
  causes: { bkg: { count: 2, delta_ap: 0.1, boxes: "matches?cause=bkg" } },
  confusion: {
    names: ["nike", "a&b", "background"],
    cells: [
      [0, 2, 3],
      [1, 1, 4],
    ],
    boxes: "confusion?iou=0.5&row={row}&column={column}",
  },
} as unknown as Panels;

test("each kind of number has its reference", () => {
  expect(referenceOf(panels, { of: "all", kind: "tp", name: "" })).toBe("matches?iou=0.5&kind=tp");
  expect(referenceOf(panels, { of: "class", kind: "fp", name: "nike" })).toBe("matches?kind=fp&class=nike");
  expect(referenceOf(panels, { of: "cause", name: "bkg" })).toBe("matches?cause=bkg");
  expect(referenceOf(panels, { of: "cell", row: "a&b", column: "background" })).toBe(
    "confusion?iou=0.5&row=a%26b&column=background",
  );
  expect(referenceOf(panels, { of: "boxes" })).toBe("matches?iou=0.5");
  expect(referenceOf(panels, { of: "class", kind: "tp", name: "gone" })).toBeNull();
  expect(referenceOf(panels, { of: "cell", row: "gone", column: "nike" })).toBeNull();
});

test("a selection comes back from the address as it was", () => {
  const all: Selection[] = [
    { of: "all", kind: "fn", name: "" },
    { of: "class", kind: "tp", name: "dr. pepper.fp" },
    { of: "cause", name: "miss" },
    { of: "cell", row: "a.b", column: 'c"d' },
    { of: "boxes" },
    { of: "images" },
  ];
  expect(all.map((each) => selectionOf(wordOf(each)))).toEqual(all);
  for (const word of [null, "", "fx", "cell.1", "cell.[1,2]", "cause"]) expect(selectionOf(word)).toBeNull();
});

test("cells that are not told are zero", () => {
  expect(shown(panels, false).counts).toEqual([
    [0, 0, 3],
    [0, 4, 0],
    [0, 0, 0],
  ]);
});

test("of the errors alone, a class that is always right is left out", () => {
  expect(shown(panels, true)).toEqual({
    names: ["nike", "background"],
    counts: [
      [0, 3],
      [0, 0],
    ],
  });
});
