// "Label is wrong" becomes the edit that somebody means.
import { expect, test } from "vitest";
import type { JudgedImage, SomeBox } from "../../api/panels";
import { type Mark, fixesOf, marked, marksOf, patchesOf, textOfMarks } from "./marks";

const label = { id: "l1", kind: "fn", class: "nike", cause: "cls", image: 4, bbox: [0, 0, 20, 50], detection: "d7" };
const swapped = { id: "d7", kind: "fp", class: "puma", cause: "cls", image: 4, bbox: [10, 0, 30, 50], label: "l1" };
const alone = { id: "d9", kind: "fp", class: "puma", cause: "bkg", image: 4, bbox: [90, 50, 110, 150], label: null };
const image = { width: 100, height: 100, image_path: "/sets/x/a.jpg", ground_truth: [label], prediction_boxes: [swapped, alone] } as unknown as JudgedImage;
const patches = (...marks: Mark[]) => patchesOf(marks, new Map([[4, image]]), "val");

const OLD = { class: "nike", box: [0.1, 0.25, 0.2, 0.5] };

test("marks come back from the address, a box once, and what is broken is left out", () => {
  const marks: Mark[] = [{ box: "d7", image: 4, fix: "class" }, { box: "l1", image: 4, fix: "remove" }];
  expect(marksOf(textOfMarks(marks))).toEqual(marks);
  expect(marksOf("d7@4:add,d7@4:box,x1@4:add,l1@4:eat,l1")).toEqual([{ box: "d7", image: 4, fix: "box" }]);
  expect(marked(marks, swapped as unknown as SomeBox, null)).toEqual([marks[1]]);
});

test("each correction is the edit of the label that it says", () => {
  const mark = (fix: Mark["fix"], box = "d7") => patches({ box, image: 4, fix })[0];
  expect(mark("class")).toEqual({ image: "val/a.jpg", remove: [OLD], add: [{ class: "puma", box: OLD.box }] });
  expect(mark("class", "l1")).toEqual(mark("class"));
  expect(mark("box")).toEqual({ image: "val/a.jpg", remove: [OLD], add: [{ class: "nike", box: [0.2, 0.25, 0.2, 0.5] }] });
  expect(mark("replace")?.add).toEqual([{ class: "puma", box: [0.2, 0.25, 0.2, 0.5] }]);
  expect(mark("remove", "l1")).toEqual({ image: "val/a.jpg", remove: [OLD], add: [] });
  expect(mark("add", "d9")).toEqual({ image: "val/a.jpg", remove: [], add: [{ class: "puma", box: [0.95, 0.75, 0.1, 0.5] }] });
});

test("a label is taken out once however often it is called wrong, and unknown boxes do nothing", () => {
  const both = patches({ box: "l1", image: 4, fix: "remove" }, { box: "d7", image: 4, fix: "remove" });
  expect(both).toEqual([{ image: "val/a.jpg", remove: [OLD], add: [] }]);
  expect(patches({ box: "d99", image: 4, fix: "add" }, { box: "d1", image: 5, fix: "add" })).toEqual([]);
});

test("what the model alone saw can only be added, what it did not see only removed", () => {
  const of = (box: object) => fixesOf(box as SomeBox);
  expect(of(alone)).toEqual(["add"]);
  expect(of({ ...label, detection: null })).toEqual(["remove"]);
  expect(of(swapped)[0]).toBe("class");
  expect(of({ ...swapped, cause: "loc" })[0]).toBe("box");
});
