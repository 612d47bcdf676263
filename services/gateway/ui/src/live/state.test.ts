// The fold over frames: any order, any doubling, any batching gives the same state, and it stays small.
import { expect, test } from "vitest";
import { type Frame, parseFrame } from "./frames";
import { viewOf } from "./job";
import { EMPTY, type LiveState, MAX_FEED, MAX_JOBS, MAX_SAMPLES, reduce } from "./state";

let seq = 0;
function told(kind: string, data: Record<string, unknown>, job = "t1", at = ++seq): Frame {
  const id = [kind, job, data["attempt"] ?? 0, data["epoch"] ?? ""].join(":");
  const text = JSON.stringify({ id, seq: at, type: kind, subject: job, time: "2026-11-24T06:00:00Z", data });
  const frame = parseFrame(text);
  if (!frame) throw new Error(`no frame: ${text}`);
  return frame;
}

function epoch(n: number, attempt = 1, map50 = n / 10): Frame {
  return told("training.epoch_completed.v1", {
    attempt,
    epoch: n,
    epochs: 4,
    train_losses: { box_loss: 2 / n },
    map50,
  });
}

function aRun(): Frame[] {
  seq = 0;
  return [
    told("training.requested.v1", { attempt: 0 }),
    told("training.started.v1", { attempt: 1, worker: "a:1" }),
    epoch(1),
    epoch(2),
    told("training.started.v1", { attempt: 2, worker: "b:2" }),
    epoch(2, 2, 0.25),
    epoch(3, 2),
    told("training.failed.v1", { attempt: 1, error_code: "zombie" }),
    epoch(4, 2),
    told("training.completed.v1", { attempt: 2 }),
  ];
}

function feed(frames: Frame[], batch = 1): LiveState {
  let state = EMPTY;
  for (let i = 0; i < frames.length; i += batch) state = reduce(state, frames.slice(i, i + batch), 0);
  return state;
}

function shuffled<T>(items: T[], seed: number): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    const j = seed % (i + 1);
    [out[i], out[j]] = [out[j] as T, out[i] as T];
  }
  return out;
}

test("frames out of order give the same state as frames in order", () => {
  const frames = aRun();
  const inOrder = feed(frames);
  for (let seed = 1; seed <= 50; seed++) expect(feed(shuffled(frames, seed))).toEqual(inOrder);
});

test("frames told twice and a history replayed from the start change nothing", () => {
  const frames = aRun();
  const once = feed(frames);
  expect(feed(frames.flatMap((frame) => [frame, frame]))).toEqual(once);
  expect(feed([...frames, ...frames])).toEqual(once);
});

test("one big batch gives the same state as one frame at a time", () => {
  const frames = aRun();
  expect(feed(frames, frames.length)).toEqual(feed(frames));
  expect(feed(frames, 3)).toEqual(feed(frames));
});

test("an epoch that a newer attempt did again counts once, as the newer attempt saw it", () => {
  const view = viewOf(feed(aRun()).jobs["t1"]!);
  expect(view.epochs.map((point) => point.epoch)).toEqual([1, 2, 3, 4]);
  expect(view.epochs[1]!.metrics["map50"]).toBe(0.25);
});

test("a fact of an older attempt that comes after a newer start is dropped", () => {
  const view = viewOf(feed(aRun()).jobs["t1"]!);
  expect(view.status).toBe("completed");
  expect(view.worker).toBe("b:2");
});

test("the status follows the facts: queued, initializing, running, stopping, cancelled", () => {
  seq = 0;
  const frames = [
    told("training.requested.v1", {}),
    told("training.started.v1", { attempt: 1 }),
    epoch(1),
    told("training.cancel_requested.v1", {}),
    told("training.cancelled.v1", { attempt: 1 }),
  ];
  const seen = frames.map((_, i) => viewOf(feed(frames.slice(0, i + 1)).jobs["t1"]!).status);
  expect(seen).toEqual(["queued", "initializing", "running", "stopping", "cancelled"]);
});

test("parts that did not change keep their identity, so that their components sleep", () => {
  const before = feed(aRun());
  const after = reduce(before, [told("dataset.requested.v1", {}, "d1", 99)], 0);
  expect(after.jobs["t1"]).toBe(before.jobs["t1"]);
  expect(after.hosts).toBe(before.hosts);
});

test("ten thousand events of a thousand jobs leave a bounded state", () => {
  seq = 0;
  const frames = Array.from({ length: 10_000 }, (_, i) => told("training.requested.v1", {}, `job${i % 1000}`));
  const system: Frame = { reading: { topic: "system", subject: "", data: { host: "h", cpu_percent: 5 } } };
  let state = feed(frames, 100);
  for (let at = 0; at < 500; at++) state = reduce(state, [system], at * 1000);
  expect(Object.keys(state.jobs)).toHaveLength(MAX_JOBS);
  expect(state.feed).toHaveLength(MAX_FEED);
  expect(state.feed[0]!.seq).toBe(10_000);
  expect(state.hosts["h"]!.samples).toHaveLength(MAX_SAMPLES);
});

test("broken heartbeats, broken frames and facts without a sequence are no frames", () => {
  for (const text of ["", "{", "[]", '{"type":"heartbeat","data":{}}', '{"type":"training.started.v1","data":{}}']) {
    expect(parseFrame(text)).toBeNull();
  }
});

test("progress of an older attempt does not replace that of a newer one", () => {
  const state = feed(aRun());
  const progress = (attempt: number, done: number): Frame => ({
    reading: { topic: "progress", subject: "t1", data: { attempt, done, of: 10, stage: "train" } },
  });
  const after = reduce(state, [progress(2, 3), progress(1, 9)], 0);
  expect(after.jobs["t1"]!.progress!.done).toBe(3);
});

test("a heartbeat says how far the log is, and changes no state", () => {
  const beat = parseFrame('{"type":"heartbeat","data":{"last_seq":7}}');
  expect(beat).toEqual({ lastSeq: 7 });
  const state = feed(aRun());
  expect(reduce(state, [beat!], 0).jobs).toBe(state.jobs);
});

test("a pause, its wait and its resume: running, paused, queued, initializing", () => {
  seq = 0;
  const frames = [
    told("training.requested.v1", {}),
    told("training.started.v1", { attempt: 1 }),
    epoch(1),
    told("training.pause_requested.v1", { nonce: "a" }),
    told("training.paused.v1", { attempt: 1, reason: "asked" }),
    told("training.resume_requested.v1", { nonce: "b" }),
    told("training.started.v1", { attempt: 2 }),
  ];
  const views = frames.map((_, i) => viewOf(feed(frames.slice(0, i + 1)).jobs["t1"]!));
  expect(views.map((view) => view.status)).toEqual(["queued", "initializing", "running", "running", "paused", "queued", "initializing"]);
  expect(views.map((view) => view.pausing !== null)).toEqual([false, false, false, true, true, false, false]);
});

test("a training that gave way to a more urgent one waits in the queue, one paused before its start does not", () => {
  seq = 0;
  const away = [
    told("training.requested.v1", {}),
    told("training.started.v1", { attempt: 1 }),
    told("training.paused.v1", { attempt: 1, reason: "preempted", by: "t9" }),
  ];
  expect(viewOf(feed(away).jobs["t1"]!).status).toBe("queued");
  seq = 0;
  const early = [told("training.requested.v1", {}), told("training.pause_requested.v1", {})];
  expect(viewOf(feed(early).jobs["t1"]!).status).toBe("paused");
});

test("findings that a running check tells are kept as numbers, not as sentences", () => {
  const findings = [{ severity: "E", message: "a".repeat(500) }, { severity: "E" }, { severity: "W" }, "broken"];
  const frame = told("dataset.findings_found.v1", { batch: 1, images_done: 9, findings }, "d1", 1);
  expect("fact" in frame && frame.fact.data).toEqual({ batch: 1, images_done: 9, counts: { E: 2, W: 1 } });
});
