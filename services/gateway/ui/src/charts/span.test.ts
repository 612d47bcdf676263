// A marked stretch and its text in the address are the same.
import { expect, test } from "vitest";
import { spanOf, spanText } from "./span";

test("a stretch comes back from its text, on whole numbers", () => {
  expect(spanText([2.6, 7.2])).toBe("3-7");
  expect(spanOf("3-7")).toEqual([3, 7]);
  expect(spanText([4.1, 4.2])).toBe("4-5");
  expect(spanText(null)).toBe("");
});

test("what is no stretch shows all", () => {
  for (const text of ["", "7-3", "3-3", "-1-4", "a-b", "1-2-3", "9".repeat(20)]) expect(spanOf(text)).toBeNull();
});
