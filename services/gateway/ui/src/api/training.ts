// What the form asks before a training is started: a forecast by the trainer, and the arguments it takes.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ApiError } from "./client";
import type { StartTraining } from "./rest.gen";
import { ask, send } from "./typed";

/** The forecast for a request, asked again whenever it changes; nothing is started. */
export function useForecast(body: object, complete: boolean) {
  return useQuery({
    queryKey: ["forecast", JSON.stringify(body)],
    enabled: complete,
    staleTime: 15_000, // what is free on the GPU moves
    placeholderData: keepPreviousData,
    retry: (failures, error) => failures < 1 && !(error instanceof ApiError),
    queryFn: () => send("POST /training/forecast", { body: body as StartTraining }),
  });
}

export function useArguments() {
  return useQuery({ queryKey: ["arguments"], queryFn: ({ signal }) => ask("GET /training/arguments", {}, signal) });
}
