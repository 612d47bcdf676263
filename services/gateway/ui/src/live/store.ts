// The page's one live state and the hooks that read it; a component wakes only when its own part changes.
import type { QueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useSyncExternalStore } from "react";
import type { Frame, Reading } from "./frames";
import { factName, viewOf } from "./job";
import { type Connection, LiveSocket } from "./socket";
import { EMPTY, type HostLive, type JobLive, type LiveState, reduce } from "./state";

export const TOPICS = ["training.>", "dataset.>", "analysis.>", "model.>", "host.>", "audit.>", "telemetry.>"];

let state: LiveState = EMPTY;
let connection: Connection = "connecting";
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function wake(): void {
  for (const listener of listeners) listener();
}

/** Opens the socket; lists that a fact makes stale are asked for again. Returns how to stop. */
export function startLive(queries: QueryClient): () => void {
  const socket = new LiveSocket(TOPICS, {
    frames: (frames) => {
      state = reduce(state, frames, Date.now());
      pass(frames);
      refresh(queries, frames);
      wake();
    },
    reset: () => {
      state = EMPTY;
      void queries.invalidateQueries();
      wake();
    },
    connection: (now) => {
      connection = now;
      wake();
    },
  });
  socket.start();
  return () => socket.stop();
}

const STALE_AFTER: Record<string, string[]> = {
  "training.requested": ["status", "trainings"],
  "training.started": ["status", "trainings"],
  "training.paused": ["status", "trainings"],
  "training.completed": ["status", "trainings", "models", "artifacts"],
  "training.failed": ["status", "trainings", "artifacts"],
  "training.cancelled": ["status", "trainings", "artifacts"],
  "training.samples_drawn": ["samples"],
  "analysis.requested": ["validations"],
  "analysis.started": ["status", "validations"],
  "analysis.validated": ["status", "validations"],
  "analysis.failed": ["status", "validations"],
  "analysis.cancelled": ["status", "validations"],
  "dataset.registered": ["status", "datasets", "images"],
  "dataset.deleted": ["status", "datasets"],
  "dataset.validated": ["datasets"],
  "model.uploaded": ["models"],
  "model.deleted": ["models", "artifacts"],
  "host.drain_requested": ["status"],
  "host.undrain_requested": ["status"],
  "host.drained": ["status"],
};

const REFRESH_MS = 400; // a replayed history makes the same lists stale many times: ask once
const stale = new Set<string>();
/** Runs that began before what the socket told: their state is known by REST alone. */
const olderRuns = new Set<string>();
let refreshTimer: ReturnType<typeof setTimeout> | undefined;

function refresh(queries: QueryClient, frames: readonly Frame[]): void {
  for (const frame of frames) {
    if (!("fact" in frame)) continue;
    const [area] = frame.fact.kind.split(".");
    for (const key of STALE_AFTER[`${area}.${factName(frame.fact.kind)}`] ?? []) stale.add(key);
    const job = state.jobs[frame.fact.jobId];
    if (job?.area === "training" && viewOf(job).request === null) olderRuns.add(job.id);
  }
  if (stale.size === 0 && olderRuns.size === 0) return;
  refreshTimer ??= setTimeout(() => {
    refreshTimer = undefined;
    for (const key of stale) void queries.invalidateQueries({ queryKey: [key] });
    for (const id of olderRuns) void queries.invalidateQueries({ queryKey: ["training", id] });
    stale.clear();
    olderRuns.clear();
  }, REFRESH_MS);
}

type Reader = (reading: Reading) => void;
const readers = new Set<{ topic: string; read: Reader }>();

function pass(frames: readonly Frame[]): void {
  if (readers.size === 0) return;
  for (const frame of frames) {
    if (!("reading" in frame)) continue;
    for (const { topic, read } of readers) if (topic === frame.reading.topic) read(frame.reading);
  }
}

/** Readings that the state does not keep, as they come; `read` is kept for as long as the topic is the same. */
export function useReadings(topic: string, read: Reader): void {
  const newest = useRef(read);
  useEffect(() => {
    newest.current = read;
  }, [read]);
  useEffect(() => {
    const reader = { topic, read: (reading: Reading) => newest.current(reading) };
    readers.add(reader);
    return () => void readers.delete(reader);
  }, [topic]);
}

export function useConnection(): Connection {
  return useSyncExternalStore(subscribe, () => connection);
}

export function useJob(id: string | undefined): JobLive | undefined {
  return useSyncExternalStore(subscribe, () => (id === undefined ? undefined : state.jobs[id]));
}

export function useJobs(): Record<string, JobLive> {
  return useSyncExternalStore(subscribe, () => state.jobs);
}

/** A plain value of the state: who asks wakes only when it is another one. */
export function useLive<T extends string | number | boolean>(pick: (state: LiveState) => T): T {
  return useSyncExternalStore(subscribe, () => pick(state));
}

export function useFeed(): LiveState["feed"] {
  return useSyncExternalStore(subscribe, () => state.feed);
}

export function useHosts(): Record<string, HostLive> {
  return useSyncExternalStore(subscribe, () => state.hosts);
}
