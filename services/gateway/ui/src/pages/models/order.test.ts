// Search, order and lineage of models.
import { expect, test } from "vitest";
import type { ModelEntry } from "../../api/types";
import { ancestors, children, chosen } from "./order";

function model(name: string, more: Partial<ModelEntry> = {}): ModelEntry {
  return { name, kind: "run", path: name, project: null, created_at: null, size: 1, config: {}, metrics: {}, ...more };
}

const base = model("base", { kind: "base", metrics: { map50_95: 0.7 } });
const first = model("p/first", { base_model: "base", training_id: "t1", created_at: "2026-01-02", dataset: "logos" });
const longer = model("p/longer", { extends: "t1", training_id: "t2", created_at: "2026-01-03", metrics: { map50_95: 0.8 } });
const all = [base, first, longer];

test("models are found by a part of their name or of their data, and sorted", () => {
  const names = (choice: Partial<Parameters<typeof chosen>[1]>) =>
    chosen(all, { kind: "", name: "", order: "newest", ...choice }).map((each) => each.name);
  expect(names({})).toEqual(["p/longer", "p/first", "base"]);
  expect(names({ order: "best" })).toEqual(["p/longer", "base", "p/first"]);
  expect(names({ name: "LOGOS" })).toEqual(["p/first"]);
  expect(names({ kind: "base" })).toEqual(["base"]);
});

test("lineage goes over base models and extensions, both ways", () => {
  expect(ancestors(all, longer)).toEqual([first, base]);
  expect(children(all, first)).toEqual([longer]);
  expect(children(all, base)).toEqual([first]);
});

test("a model that names itself has no ancestors", () => {
  const odd = model("odd", { base_model: "odd" });
  expect(ancestors([odd], odd)).toEqual([]);
});
