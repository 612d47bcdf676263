// The registry of models by REST.
import { useQuery } from "@tanstack/react-query";
import { begin } from "./client";
import type { ModelEntry } from "./rest.gen";
import { ask, drop } from "./typed";

export type Kind = ModelEntry["kind"];

export function useValidations() {
  return useQuery({
    queryKey: ["validations"],
    queryFn: ({ signal }) => ask("GET /model/validate", {}, signal),
    refetchOnMount: "always",
  });
}

export function removeModel(name: string) {
  return drop("DELETE /models/{name}", { path: { name }, query: { confirm: true } });
}

export const judging = {
  validate: (model: string, dataset: string, split: string) =>
    begin("/model/validate", { model_path: model, test_dataset_path: dataset, split }),
  visualize: (model: string) => begin("/model/visualize", { model_path: model }),
};

/** Where a model's page is; its name may hold a slash. */
export function modelPage(name: string): string {
  return `/models/${name.split("/").map(encodeURIComponent).join("/")}`;
}
