// What the form asks before a training is started: a forecast by the trainer, and the arguments it takes.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ApiError, get, post } from "./client";

export interface Choice {
  field: string;
  value: number | string | boolean;
  why: { en: string; ja: string };
}

export interface Forecast {
  worker: string;
  device: string;
  device_name: string;
  architecture: string;
  dataset: {
    images: Record<string, number>;
    problem: string | null;
    small_boxes: number | null;
    check: {
      validation_id: string;
      valid: boolean;
      errors: number;
      warnings: number;
      summary: Record<string, number>;
      at: string | null;
    } | null;
  };
  memory: {
    need_bytes: number;
    measured: boolean;
    free_bytes: number;
    total_bytes: number;
    gpu: string;
    fits: boolean;
    never: boolean;
    reason: string | null;
    largest_batch: number;
  } | null;
  time: {
    seconds: number;
    low_s: number;
    high_s: number;
    epoch_s: number;
    scaled_from: string | null;
  } | null;
  presets: Record<string, Choice[]>;
  queue: { running: number; waiting: number };
}

export interface Argument {
  name: string;
  kind: "int" | "float" | "bool";
  low: number | null;
  high: number | null;
  default: number | boolean;
  fitted: boolean;
}

export type Arguments = Record<"augmentation_params" | "extra", Argument[]>;

/** The forecast for a request, asked again whenever it changes; nothing is started. */
export function useForecast(body: object, complete: boolean) {
  return useQuery({
    queryKey: ["forecast", JSON.stringify(body)],
    enabled: complete,
    staleTime: 15_000, // what is free on the GPU moves
    placeholderData: keepPreviousData,
    retry: (failures, error) => failures < 1 && !(error instanceof ApiError),
    queryFn: () => post<Forecast>("/training/forecast", body),
  });
}

export function useArguments() {
  return useQuery({ queryKey: ["arguments"], queryFn: ({ signal }) => get<Arguments>("/training/arguments", signal) });
}
