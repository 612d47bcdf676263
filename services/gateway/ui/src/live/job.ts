// A job as its facts tell it: status, times, outcome. The same rules as the gateway's fold (libs/common/jobs.py).
import type { TrainingStatusName } from "../api/types";
import { type Fact, asString } from "./frames";
import type { EpochPoint, JobLive } from "./state";

export interface JobView {
  status: TrainingStatusName;
  request: Fact | null;
  started: Fact | null;
  outcome: Fact | null;
  cancel: Fact | null;
  /** The newest wish to pause that nobody took back. */
  pausing: Fact | null;
  /** Since it left its place, until the next attempt starts. */
  paused: Fact | null;
  attempt: number;
  epochs: EpochPoint[];
  startedAt: string | null;
  endedAt: string | null;
  worker: string | undefined;
}

const ENDINGS: Record<string, TrainingStatusName> = {
  completed: "completed",
  validated: "completed",
  visualized: "completed",
  compared: "completed",
  thresholds_chosen: "completed",
  explained: "completed",
  registered: "completed",
  previewed: "completed",
  collected: "completed",
  deleted: "completed",
  uploaded: "completed",
  failed: "failed",
  cancelled: "cancelled",
};

const views = new WeakMap<JobLive, JobView>();

/** The job's state; computed once per change. */
export function viewOf(job: JobLive): JobView {
  const known = views.get(job);
  if (known) return known;
  const view = fold(job);
  views.set(job, view);
  return view;
}

export function factName(kind: string): string {
  return kind.split(".")[1] ?? kind;
}

function fold(job: JobLive): JobView {
  const facts = Object.values(job.facts).sort((a, b) => a.seq - b.seq);
  const epochs = Object.values(job.epochs).sort((a, b) => a.epoch - b.epoch);
  const view: JobView = {
    status: "queued",
    request: null,
    started: null,
    outcome: null,
    cancel: null,
    pausing: null,
    paused: null,
    attempt: 0,
    epochs,
    startedAt: null,
    endedAt: null,
    worker: undefined,
  };
  for (const fact of facts) apply(view, fact);
  const told = epochs.reduce((last, each) => Math.max(last, each.attempt), 0);
  view.attempt = Math.max(view.attempt, told);
  if (view.outcome) return view;
  if (view.cancel) view.status = "stopping";
  else if (view.paused) view.status = view.pausing ? "paused" : "queued";
  else if (view.pausing && !view.started) view.status = "paused";
  else if (epochs.some((each) => each.seq > (view.started?.seq ?? 0))) view.status = "running";
  else if (job.progress && job.progress.attempt >= view.attempt && view.started) view.status = "running";
  else if (view.started) view.status = "initializing";
  return view;
}

function apply(view: JobView, fact: Fact): void {
  if (view.outcome) return;
  const name = factName(fact.kind);
  if (name === "requested") {
    view.request ??= fact;
  } else if (name === "cancel_requested") {
    view.cancel = fact;
    if (fact.data["keep"] === true) view.pausing = null; // to finish, a paused one has to go on
  } else if (name === "pause_requested") {
    view.pausing = fact;
  } else if (name === "resume_requested") {
    view.pausing = null;
  } else if (fact.attempt >= view.attempt) {
    const ending = ENDINGS[name];
    view.attempt = fact.attempt;
    if (name === "paused") {
      view.paused = fact;
    } else if (name === "started") {
      view.started = fact;
      view.paused = null;
      view.startedAt ??= fact.time;
      view.worker = asString(fact.data["worker"]);
    } else if (ending) {
      view.outcome = fact;
      view.endedAt = fact.time;
      view.status = ending;
    }
  }
}
