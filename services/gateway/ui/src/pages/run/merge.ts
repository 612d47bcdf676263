// A run as first loaded by REST, and what the socket told since: together, each epoch once. Pure.
import type { HistoryRow, TrainingStatus, TrainingStatusName } from "../../api/types";
import type { Curve } from "../../charts/Curves";
import { asNumber, asNumbers, asObject, asString } from "../../live/frames";
import { type JobView, viewOf } from "../../live/job";
import { epochsOf } from "../../live/rows";
import type { EpochPoint, JobLive } from "../../live/state";

export function mergeEpochs(history: readonly HistoryRow[], live: readonly EpochPoint[]): EpochPoint[] {
  const past = epochsOf(history);
  const first = live[0]?.epoch ?? Number.POSITIVE_INFINITY;
  const end = first + live.length - 1;
  if (live.every((point, at) => point.epoch === first + at) && (past.at(-1)?.epoch ?? 0) <= end) {
    return past.slice(0, countBelow(past, first)).concat(live); // as nearly always
  }
  const byEpoch = new Map<number, EpochPoint>();
  for (const point of past) byEpoch.set(point.epoch, point);
  for (const point of live) byEpoch.set(point.epoch, point);
  return [...byEpoch.values()].sort((a, b) => a.epoch - b.epoch);
}

/** How many of these epochs, in order, are before `epoch`. */
function countBelow(epochs: readonly EpochPoint[], epoch: number): number {
  let count = epochs.length;
  while (count > 0 && (epochs[count - 1]?.epoch ?? 0) >= epoch) count -= 1;
  return count;
}

/** 0 to 100: whole epochs and the batches of the running one, or the share done of other work. */
export function progressOf(job: JobLive | undefined, view: JobView | null, total = 0, epochsDone = 0): number {
  if (view?.status === "completed") return 100;
  const planned = asNumber(asObject(view?.request?.data["arguments"])["epochs"]) ?? total;
  const reading = job?.progress && job.progress.attempt >= (view?.attempt ?? 0) ? job.progress : null;
  const inside = reading && reading.of > 0 ? Math.min(1, reading.done / reading.of) : 0;
  if (!planned) return Math.round(1000 * inside) / 10;
  const whole = Math.max(epochsDone, view?.epochs.length ?? 0);
  const begun = reading?.epoch === undefined ? whole : Math.max(whole, reading.epoch - 1 + inside);
  return Math.min(99.9, (100 * begun) / planned);
}

/** Seconds left: open epochs at the mean pace of the last five. */
export function secondsLeft(epochs: readonly EpochPoint[], percent: number, total: number): number | null {
  const last = epochs.slice(-5);
  if (last.length === 0 || total === 0) return null;
  const pace = last.reduce((sum, point) => sum + point.seconds, 0) / last.length;
  return Math.max(0, total * (1 - percent / 100)) * pace;
}

export interface RunState {
  status: TrainingStatusName;
  title: string;
  project: string;
  mode: string;
  dataset: string;
  model: string;
  total: number;
  epochs: EpochPoint[];
  percent: number;
  left: number | null;
  startedAt: string | null;
  endedAt: string | null;
  attempt: number;
  worker: string | undefined;
  device: string | undefined;
  best: Record<string, number>;
  settings: Record<string, unknown>;
  early: boolean;
  pausing: boolean;
  priority: string;
  preempted: number;
  /** Why it waits or is paused: a word, with what it is filled with. */
  waits: { key: string; by: string } | null;
  extends: string | null;
  firstSeq: number;
  failure: { code: string; message: string; console: string[] } | null;
  artifacts: Record<string, unknown>;
}

export function runState(id: string, rest: TrainingStatus | undefined, rows: HistoryRow[], job?: JobLive): RunState {
  const view = job ? viewOf(job) : null;
  const known = view?.request ? view : null; // facts without their request are a part only
  const request = known?.request?.data ?? (asObject(rest?.request) as Record<string, unknown>);
  const settings = asObject(request["arguments"]);
  const outcome = view?.outcome?.data ?? {};
  const total = asNumber(settings["epochs"]) ?? rest?.total_epochs ?? 0;
  const epochs = mergeEpochs(rows, view?.epochs ?? []);
  const told = known ?? (view?.outcome ? view : null);
  const status = told?.status ?? rest?.status ?? "queued";
  const percent = status === "completed" ? 100 : progressOf(job, view, total, epochs.length);
  const message = asString(outcome["message"]) ?? rest?.errors[0];
  return {
    status,
    title: asString(request["experiment_name"]) ?? rest?.experiment_name ?? id,
    project: asString(request["project_name"]) ?? rest?.project_name ?? "",
    mode: asString(settings["mode"]) ?? rest?.mode ?? "",
    dataset: asString(asObject(request["dataset"])["name"]) ?? "",
    model: asString(asObject(request["base_model"])["name"]) ?? asString(settings["model_architecture"]) ?? "",
    total,
    epochs,
    percent,
    left: view?.outcome ? null : secondsLeft(epochs, percent, total),
    startedAt: view?.startedAt ?? rest?.start_time ?? null,
    endedAt: view?.endedAt ?? rest?.end_time ?? null,
    attempt: Math.max(view?.attempt ?? 0, rest?.attempt ?? 0),
    worker: view?.worker ?? rest?.worker ?? undefined,
    device: asString(view?.started?.data["device"]) ?? rest?.device ?? undefined,
    best: bestOf(asNumbers(outcome["best_metrics"]), rest, epochs),
    settings,
    early: outcome["stopped_early"] === true || rest?.stopped_early === true,
    pausing: known ? known.pausing !== null : rest?.pausing === true,
    priority: asString(request["priority"]) ?? "normal",
    preempted: rest?.preempted ?? 0,
    waits: waitsFor(status, view),
    extends: asString(request["extends"]) ?? null,
    firstSeq: view?.request?.seq ?? rest?.first_seq ?? 1,
    failure: status === "failed" ? failureOf(outcome, rest, message ?? "") : null,
    artifacts: asObject(outcome["artifacts"]),
  };
}

function waitsFor(status: TrainingStatusName, view: JobView | null): RunState["waits"] {
  if (status === "paused") return { key: "asked", by: "" };
  const reason = asString(view?.paused?.data["reason"]);
  if (status !== "queued" || !reason || reason === "asked") return null;
  return { key: reason, by: asString(view?.paused?.data["by"]) ?? "" };
}

function bestOf(told: Record<string, number>, rest: TrainingStatus | undefined, epochs: EpochPoint[]) {
  if (Object.keys(told).length > 0) return told;
  const top = epochs.reduce<EpochPoint | null>(
    (best, each) => (best && (best.metrics["map50_95"] ?? 0) >= (each.metrics["map50_95"] ?? 0) ? best : each),
    null,
  );
  return top?.metrics ?? rest?.best_metrics ?? {};
}

function failureOf(outcome: Record<string, unknown>, rest: TrainingStatus | undefined, message: string) {
  const lines = Array.isArray(outcome["console"]) ? outcome["console"].map(String) : (rest?.console ?? []);
  return { code: asString(outcome["error_code"]) ?? rest?.error_code ?? "", message, console: lines };
}

type Pick = (point: EpochPoint) => number | undefined;

export function curve(epochs: readonly EpochPoint[], name: string, color: number, pick: Pick, dashed = false): Curve {
  const points: Curve["points"] = [];
  for (const point of epochs) {
    const value = pick(point);
    if (value !== undefined) points.push([point.epoch, value]);
  }
  return { name, color, dashed, points };
}
