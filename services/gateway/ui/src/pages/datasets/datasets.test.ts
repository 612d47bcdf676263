// The small decisions of the datasets pages: names, label lines as boxes, steps in the address, routes.
import { expect, test } from "vitest";
import { route } from "../../api/typed";
import { nameOf } from "../../api/upload";
import { boxOfLine } from "../../parts/BoxedPicture";
import { stepsOf } from "./edits/steps";

test("a file's name becomes a name that the gateway takes", () => {
  const taken = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
  expect(nameOf("Logos 2026 (final).zip")).toBe("Logos-2026-final");
  for (const name of ["ロゴ.zip", "..zip", "-x.zip", `${"a".repeat(200)}.zip`, ".hidden.ZIP"]) {
    expect(nameOf(name)).toMatch(taken);
  }
});

test("a label line is drawn where it points, also with commas, a score, or pixels", () => {
  const box = { class_id: 7, x: 0.5, y: 0.5, width: 0.3, height: 0.2, fault: true };
  expect(boxOfLine("7 0.5 0.5 0.3 0.2")).toEqual(box);
  expect(boxOfLine("7,0.5,0.5,0.3,0.2")).toEqual(box);
  expect(boxOfLine("7 0.5 0.5 0.3 0.2 0.99")).toEqual(box);
  expect(boxOfLine("7 100 50 60 20", { width: 200, height: 100 })).toEqual(box);
  for (const line of ["", "7 nan 0.5 0.3 0.2", "7 0.5 0.5", "0 0 0 1 0 1 1 0 1", null]) expect(boxOfLine(line)).toBeNull();
});

test("steps of a broken or foreign address are left out", () => {
  const step = { op: "delete_class", class: "nike" };
  expect(stepsOf(JSON.stringify([step]))).toEqual([step]);
  expect(stepsOf(JSON.stringify([1, null, { no: "op" }, step]))).toEqual([step]);
  for (const text of [null, "", "{", "{}", "7"]) expect(stepsOf(text)).toEqual([]);
});

test("a route has its path filled in, its lists repeated, and nothing for what is not wanted", () => {
  const path = { name: "a/b@v3" };
  expect(route("GET /datasets/{name}", { path })).toBe("/datasets/a%2Fb%40v3");
  const query = { file: ["x", "y"], split: null, limit: 5 };
  expect(route("GET /datasets/{name}/images", { path, query })).toBe("/datasets/a%2Fb%40v3/images?file=x&file=y&limit=5");
});
