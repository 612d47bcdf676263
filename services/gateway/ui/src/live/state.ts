// All that the page knows from the socket, as a fold: out of order, doubled or replayed frames give the same state.
import { type Fact, type Frame, type Reading, asNumber, asNumbers, asObject, asString } from "./frames";

export const MAX_JOBS = 200;
export const MAX_FEED = 100;
export const MAX_SAMPLES = 120;
export const MAX_HOSTS = 16;
/** Facts of hosts and audits are no jobs: they only pass by. */
const HAVE_JOBS = new Set(["training", "dataset", "analysis", "model"]);

export interface EpochPoint {
  epoch: number;
  epochs: number;
  attempt: number;
  seq: number;
  train: Record<string, number>;
  val: Record<string, number>;
  metrics: Record<string, number>;
  rates: Record<string, number>;
  seconds: number;
}

export interface Progress {
  attempt: number;
  done: number;
  of: number;
  stage: string;
  epoch: number | undefined;
  epochs: number | undefined;
  etaSeconds: number | undefined;
  imagesPerSecond: number | undefined;
  losses: Record<string, number>;
  waitingReason: string | undefined;
  startsInSeconds: number | undefined;
  at: number;
}

export interface JobLive {
  id: string;
  area: string;
  lastSeq: number;
  facts: Record<string, Fact>;
  epochs: Record<number, EpochPoint>;
  progress: Progress | null;
}

export interface HostSample {
  cpu: number;
  memory: number;
  /** Per cent used of the file system of the trainer's scratch folder, and its bytes. */
  disk: number;
  diskFree: number;
  diskTotal: number;
  gpus: Record<string, unknown>[];
}

export interface HostLive {
  host: string;
  at: number;
  samples: HostSample[];
}

export interface LiveState {
  lastSeq: number;
  jobs: Record<string, JobLive>;
  feed: Fact[];
  hosts: Record<string, HostLive>;
}

export const EMPTY: LiveState = { lastSeq: 0, jobs: {}, feed: [], hosts: {} };

/** The state after some more frames; `at` is the local time in ms. Untouched parts keep their identity. */
export function reduce(state: LiveState, frames: readonly Frame[], at: number): LiveState {
  if (frames.length === 0) return state;
  const jobs = new Map<string, JobLive>();
  let hosts = state.hosts;
  const fresh: Fact[] = [];
  for (const frame of frames) {
    if ("fact" in frame) {
      const { fact } = frame;
      fresh.push(fact);
      if (!HAVE_JOBS.has(areaOf(fact.kind))) continue;
      const job = jobs.get(fact.jobId) ?? copyOf(state.jobs[fact.jobId]) ?? newJob(fact.jobId, areaOf(fact.kind));
      jobs.set(fact.jobId, withFact(job, fact));
    } else if (!("reading" in frame)) {
      continue;
    } else if (frame.reading.topic === "progress") {
      const job = jobs.get(frame.reading.subject) ?? copyOf(state.jobs[frame.reading.subject]);
      if (job) jobs.set(job.id, withProgress(job, frame.reading, at));
    } else if (frame.reading.topic === "system") {
      const host = withSample(hosts, frame.reading, at);
      hosts = { ...hosts, [host.host]: host };
    }
  }
  return {
    lastSeq: fresh.reduce((last, fact) => Math.max(last, fact.seq), state.lastSeq),
    jobs: jobs.size === 0 ? state.jobs : bounded({ ...state.jobs, ...Object.fromEntries(jobs) }),
    feed: fresh.length === 0 ? state.feed : newest([...state.feed, ...fresh]),
    hosts: newestHosts(hosts),
  };
}

function areaOf(kind: string): string {
  return kind.split(".", 1)[0] ?? "";
}

function newJob(id: string, area: string): JobLive {
  return { id, area, lastSeq: 0, facts: {}, epochs: {}, progress: null };
}

function copyOf(job: JobLive | undefined): JobLive | undefined {
  return job && { ...job, facts: { ...job.facts }, epochs: { ...job.epochs } };
}

/** Writes into `job`, which is this batch's own copy. */
function withFact(job: JobLive, fact: Fact): JobLive {
  job.lastSeq = Math.max(job.lastSeq, fact.seq);
  if (fact.kind === "training.epoch_completed.v1") {
    const point = epochPoint(fact);
    const known = job.epochs[point.epoch];
    if (!known || newer(point, known)) job.epochs[point.epoch] = point;
  } else if (fact.kind === "training.checkpoint_saved.v1") {
    const id = `${fact.kind}:latest`;
    if ((job.facts[id]?.seq ?? 0) < fact.seq) job.facts[id] = fact;
  } else {
    const known = job.facts[fact.id];
    if (!known || fact.seq < known.seq) job.facts[fact.id] = fact;
  }
  return job;
}

function newer(a: { attempt: number; seq: number }, b: { attempt: number; seq: number }): boolean {
  return a.attempt !== b.attempt ? a.attempt > b.attempt : a.seq > b.seq;
}

function epochPoint({ data, seq, attempt }: Fact): EpochPoint {
  const metrics: Record<string, number> = {};
  for (const name of ["precision", "recall", "map50", "map50_95"]) {
    const value = asNumber(data[name]);
    if (value !== undefined) metrics[name] = value;
  }
  return {
    epoch: asNumber(data["epoch"]) ?? 0,
    epochs: asNumber(data["epochs"]) ?? 0,
    attempt,
    seq,
    train: asNumbers(data["train_losses"]),
    val: asNumbers(data["val_losses"]),
    metrics,
    rates: asNumbers(data["learning_rates"]),
    seconds: asNumber(data["seconds"]) ?? 0,
  };
}

function withProgress(job: JobLive, { data }: Reading, at: number): JobLive {
  const attempt = asNumber(data["attempt"]) ?? 0;
  if (job.progress && attempt < job.progress.attempt) return job;
  job.progress = {
    attempt,
    done: asNumber(data["batch"]) ?? asNumber(data["done"]) ?? 0,
    of: asNumber(data["batches"]) ?? asNumber(data["of"]) ?? 0,
    stage: asString(data["stage"]) ?? "",
    epoch: asNumber(data["epoch"]),
    epochs: asNumber(data["epochs"]),
    etaSeconds: asNumber(data["eta_s"]),
    imagesPerSecond: asNumber(data["images_per_s"]),
    losses: asNumbers(data["losses"]),
    waitingReason: asString(data["waiting_reason"]),
    startsInSeconds: asNumber(data["starts_in_s"]),
    at,
  };
  return job;
}

function withSample(hosts: Record<string, HostLive>, { data }: Reading, at: number): HostLive {
  const name = asString(data["host"]) ?? "host";
  const before = hosts[name];
  const last = before?.samples.at(-1);
  const gpus = Array.isArray(data["gpus"]) ? (data["gpus"] as Record<string, unknown>[]) : [];
  const disk = asObject(data["disk"]);
  const sample: HostSample = {
    cpu: asNumber(data["cpu_percent"]) ?? last?.cpu ?? 0,
    memory: asNumber(data["memory_percent"]) ?? last?.memory ?? 0,
    disk: asNumber(disk["percent"]) ?? last?.disk ?? 0,
    diskFree: asNumber(disk["free_bytes"]) ?? last?.diskFree ?? 0,
    diskTotal: asNumber(disk["total_bytes"]) ?? last?.diskTotal ?? 0,
    gpus: gpus.length > 0 ? gpus : (last?.gpus ?? []),
  };
  const merge = before !== undefined && at - before.at < 900; // several services of one host tell at once
  const samples = [...(before?.samples ?? [])];
  if (merge) samples[samples.length - 1] = sample;
  else samples.push(sample);
  return { host: name, at: merge ? before.at : at, samples: samples.slice(-MAX_SAMPLES) };
}

function newest(facts: Fact[]): Fact[] {
  const bySeq = new Map(facts.map((fact) => [fact.seq, fact]));
  return [...bySeq.values()].sort((a, b) => b.seq - a.seq).slice(0, MAX_FEED);
}

function bounded(jobs: Record<string, JobLive>): Record<string, JobLive> {
  const all = Object.values(jobs);
  if (all.length <= MAX_JOBS) return jobs;
  const kept = all.sort((a, b) => b.lastSeq - a.lastSeq).slice(0, MAX_JOBS);
  return Object.fromEntries(kept.map((job) => [job.id, job]));
}

function newestHosts(hosts: Record<string, HostLive>): Record<string, HostLive> {
  const all = Object.values(hosts);
  if (all.length <= MAX_HOSTS) return hosts;
  const kept = all.sort((a, b) => b.at - a.at).slice(0, MAX_HOSTS);
  return Object.fromEntries(kept.map((host) => [host.host, host]));
}
