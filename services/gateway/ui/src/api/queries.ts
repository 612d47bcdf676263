// What is loaded by REST, each once: afterwards the socket says what changed.
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { readInPieces } from "../live/rows";
import { get } from "./client";
import { page } from "./typed";
import type {
  ArtifactEntry,
  HistoryRow,
  ModelEntry,
  SystemStatus,
  TrainingStatus,
} from "./types";
import { ask } from "./typed";

const STATUS_EVERY_MS = 30_000; // disk and health of services are not events

export function useStatus() {
  return useQuery({
    queryKey: ["status"],
    queryFn: ({ signal }) => get<SystemStatus>("/status", signal),
    refetchInterval: STATUS_EVERY_MS,
  });
}

export function useTrainings(status: string | null) {
  const query = status ? `&status=${encodeURIComponent(status)}` : "";
  return useQuery({
    queryKey: ["trainings", status],
    queryFn: ({ signal }) => get<TrainingStatus[]>(`/training/status?limit=100${query}`, signal),
    refetchOnMount: "always",
  });
}

export function useTraining(id: string) {
  return useQuery(trainingQuery(id));
}

/** All trainings of a status, or with a part of their name, a page at a time. */
export function useTrainingPages(status: string | null, name: string) {
  return useInfiniteQuery({
    queryKey: ["trainings", "pages", status, name],
    initialPageParam: null as string | null,
    refetchOnMount: "always",
    queryFn: ({ pageParam, signal }) =>
      page("GET /training/status", { query: { limit: 100, status, name: name || null, cursor: pageParam === null ? null : Number(pageParam) } }, signal),
    getNextPageParam: (last) => last.next,
  });
}

export const trainingQuery = (id: string) => ({
  queryKey: ["training", id],
  queryFn: ({ signal }: { signal: AbortSignal }) => get<TrainingStatus>(`/training/status/${encodeURIComponent(id)}`, signal),
  refetchOnMount: "always" as const,
});

export const historyQuery = (id: string) => ({
  queryKey: ["history", id],
  queryFn: async ({ signal }: { signal: AbortSignal }) => {
    const rows = await get<HistoryRow[]>(`/training/${encodeURIComponent(id)}/history`, signal);
    await readInPieces(rows);
    return rows;
  },
  structuralSharing: false, // of ten thousand rows each would be held against its forerunner
  refetchOnMount: "always" as const,
});

export function useHistory(id: string) {
  return useQuery(historyQuery(id));
}

export function useArtifacts(id: string) {
  return useQuery({
    queryKey: ["artifacts", id],
    queryFn: ({ signal }) => get<ArtifactEntry[]>(`/training/${encodeURIComponent(id)}/artifacts`, signal),
    refetchOnMount: "always",
  });
}

export function useDatasets() {
  return useQuery({ queryKey: ["datasets"], queryFn: ({ signal }) => ask("GET /datasets", {}, signal) });
}

export function useModels() {
  return useQuery({ queryKey: ["models"], queryFn: ({ signal }) => get<ModelEntry[]>("/models", signal) });
}

export function useEvaluation(id: string | null, ready: boolean) {
  return useQuery({
    queryKey: ["evaluation", id, ready],
    enabled: id !== null,
    queryFn: ({ signal }) => ask("GET /model/validate/{validation_id}", { path: { validation_id: id ?? "" } }, signal),
  });
}

/** Names of the newest trainings, to choose from. */
export function useRunNames() {
  return useQuery({
    queryKey: ["trainings", "names"],
    refetchOnMount: "always",
    queryFn: async ({ signal }) => {
      const runs = await get<TrainingStatus[]>("/training/status?limit=500", signal);
      return runs.map((run) => ({ value: run.training_id, label: `${run.project_name}/${run.experiment_name}` }));
    },
  });
}
