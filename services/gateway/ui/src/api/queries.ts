// What is loaded by REST, each once: afterwards the socket says what changed.
import { useQuery } from "@tanstack/react-query";
import { get } from "./client";
import type {
  ArtifactEntry,
  EvaluationReport,
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
  return useQuery({
    queryKey: ["training", id],
    queryFn: ({ signal }) => get<TrainingStatus>(`/training/status/${encodeURIComponent(id)}`, signal),
    refetchOnMount: "always",
  });
}

export function useHistory(id: string) {
  return useQuery({
    queryKey: ["history", id],
    queryFn: async ({ signal }) => {
      const body = await get<HistoryRow[] | { history?: HistoryRow[]; epochs?: HistoryRow[] }>(
        `/training/${encodeURIComponent(id)}/history`,
        signal,
      );
      return Array.isArray(body) ? body : (body.history ?? body.epochs ?? []);
    },
    refetchOnMount: "always",
  });
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
    queryFn: ({ signal }) => get<EvaluationReport>(`/model/validate/${encodeURIComponent(id ?? "")}`, signal),
  });
}
