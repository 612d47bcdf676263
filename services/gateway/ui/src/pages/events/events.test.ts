// Topics of the filter, pages of the log, and the lines to copy.
import { expect, test } from "vitest";
import { KINDS } from "../../api/events.gen";
import type { LogPage } from "../../api/log";
import type { StoredEvent } from "../../api/rest.gen";
import { en } from "../../i18n/en";
import { filterOf, factsOf, topicsOf } from "./filter";
import { MOST, NOTHING, type Rows, withPage } from "./rows";
import { subscriber } from "./subscriber";

const topics = (query: string) => topicsOf(filterOf(new URLSearchParams(query)));

function stored(seq: number): StoredEvent {
  const rest = { specversion: "1.0", id: `${seq}`, source: "s", type: "a.b.v1", subject: "j", time: "", data: {} };
  return { ...rest, seq };
}

function page(seqs: number[], last: number, before: number | null = null): LogPage {
  return { rows: seqs.map(stored), last, before };
}

const seqs = (rows: Rows) => rows.rows.map((each) => each.seq);

test("the address says which topics are asked for", () => {
  expect(topics("areas=training")).toBe("training.>");
  expect(topics("areas=training,host&fact=drained")).toBe("training.drained.>,host.drained.>");
  expect(topics("areas=model&job=a_b-1")).toBe("model.*.*.a_b-1");
  expect(topics("areas=nothing&job=a.b>")).toBe("training.>,dataset.>,analysis.>,model.>,host.>,audit.>");
  expect(factsOf(["host"])).toEqual(["drain_requested", "drained", "undrain_requested"]);
});

test("every event is held once, whatever comes twice or in between", () => {
  let rows = withPage(NOTHING, { kind: "first", page: page([5, 7], 9, 5) });
  rows = withPage(rows, { kind: "later", page: page([7, 10], 10) });
  rows = withPage(rows, { kind: "later", page: page([10], 10) });
  rows = withPage(rows, { kind: "older", page: page([2, 5], 10, 2) });
  expect(seqs(rows)).toEqual([2, 5, 7, 10]);
  expect([rows.last, rows.before]).toEqual([10, 2]);
});

test("a page left open holds the newest events, and can go back to the others", () => {
  const many = Array.from({ length: MOST }, (_, i) => i + 1);
  const full = withPage(NOTHING, { kind: "first", page: page(many, MOST) });
  const rows = withPage(full, { kind: "later", page: page([MOST + 1, MOST + 2], MOST + 2) });
  expect(rows.rows).toHaveLength(MOST);
  expect([rows.before, rows.last]).toEqual([3, MOST + 2]);
});

test("the subscriber has at most ten lines, whatever the password holds", () => {
  const told = subscriber({ url: "nats://h:1", user: "reader", password: 'a"\\\nb', stream: "EVENTS" });
  expect(told.split("\n").filter((line) => line.trim() !== "").length).toBeLessThanOrEqual(10);
  expect(told).toContain(String.raw`"a\"\\\nb"`);
});

test("every kind of event has a text", () => {
  const missing = KINDS.map((kind) => kind.split(".")).filter(
    ([area = "", fact = ""]) => !(fact in en.event) || !(area in en.area),
  );
  expect(missing).toEqual([]);
});
