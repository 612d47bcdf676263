// The log around a failure: the line that tells of it is among those shown.
import { expect, test } from "vitest";
import { around } from "./Failure";

const numbered = (count: number) => Array.from({ length: count }, (_, n) => `line ${n}`);

test("the last line with an error is shown with what stands around it", () => {
  const lines = numbered(100);
  lines[60] = "RuntimeError: CUDA out of memory";
  const shown = around(lines);
  expect(shown.lines[shown.at]).toBe("RuntimeError: CUDA out of memory");
  expect(shown.lines[0]).toBe("line 50");
});

test("without such a line the end is shown; a short log is shown whole", () => {
  expect(around(numbered(100)).lines.at(-1)).toBe("line 99");
  expect(around(numbered(3))).toEqual({ lines: ["line 0", "line 1", "line 2"], at: -1 });
  expect(around([])).toEqual({ lines: [], at: -1 });
});
