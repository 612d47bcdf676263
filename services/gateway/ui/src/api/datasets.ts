// Datasets by REST: what there is, what a check found, the images behind it, versions and edits.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { DatasetReport, EditDone, Operations, Pending, RuleFacts } from "./rest.gen";
import { address, ask, page, send } from "./typed";

const SOON = { Prefer: "respond-async" };

/** Where images come from: a dataset as it is now, a version of it (`name@v3`), or what a check looked at. */
export type Album = { name: string } | { check: string };
export type ImagesWanted = Operations["GET /datasets/{name}/images"]["query"];

export function useDataset(name: string) {
  return useQuery({
    queryKey: ["datasets", name],
    queryFn: ({ signal }) => ask("GET /datasets/{name}", { path: { name } }, signal),
    refetchOnMount: "always",
  });
}

export function useRules() {
  return useQuery({
    queryKey: ["rules"],
    queryFn: async ({ signal }) => {
      const rules = await ask("GET /dataset/rules", {}, signal);
      return new Map<string, RuleFacts>(rules.map((rule) => [rule.rule, rule]));
    },
  });
}

/** The report of a check in the language of the page; before its end, how far it is. */
export function useReport(id: string | undefined, ready: boolean) {
  const { i18n } = useTranslation();
  return useQuery({
    queryKey: ["report", id, ready, i18n.language],
    enabled: id !== undefined,
    queryFn: ({ signal }) =>
      ask("GET /dataset/validate/{validation_id}", { path: { validation_id: id ?? "" } }, signal),
    placeholderData: keepPreviousData,
  });
}

export function isReport(answer: DatasetReport | Pending | undefined): answer is DatasetReport {
  return answer !== undefined && "valid" in answer;
}

export function useFindings(id: string, rule: string, cursor: number, limit: number) {
  const { i18n } = useTranslation();
  return useQuery({
    queryKey: ["findings", id, rule, cursor, limit, i18n.language],
    queryFn: ({ signal }) =>
      page(
        "GET /dataset/validate/{validation_id}/findings",
        { path: { validation_id: id }, query: { rule: [rule], cursor, limit } },
        signal,
      ),
    placeholderData: keepPreviousData,
  });
}

export function useImages(album: Album, wanted: ImagesWanted, enabled = true) {
  return useQuery({
    queryKey: ["images", album, wanted],
    enabled,
    queryFn: ({ signal }) =>
      "check" in album
        ? page(
            "GET /dataset/validate/{validation_id}/images",
            { path: { validation_id: album.check }, query: wanted },
            signal,
          )
        : page("GET /datasets/{name}/images", { path: { name: album.name }, query: wanted }, signal),
    placeholderData: keepPreviousData,
  });
}

export function useImage(album: Album, image: string | null) {
  return useQuery({
    queryKey: ["image", album, image],
    enabled: image !== null,
    queryFn: ({ signal }) =>
      "check" in album
        ? ask(
            "GET /dataset/validate/{validation_id}/images/{image}",
            { path: { validation_id: album.check, image: image ?? "" } },
            signal,
          )
        : ask("GET /datasets/{name}/images/{image}", { path: { name: album.name, image: image ?? "" } }, signal),
  });
}

export function pictureOf(album: Album, image: string, size: number): string {
  return "check" in album
    ? address("GET /dataset/validate/{validation_id}/images/{image}/picture", {
        path: { validation_id: album.check, image },
        query: { size },
      })
    : address("GET /datasets/{name}/images/{image}/picture", { path: { name: album.name, image }, query: { size } });
}

export function useDiff(name: string, from: string | null, to: string | null, limit: number) {
  return useQuery({
    queryKey: ["diff", name, from, to, limit],
    enabled: from !== null && to !== null && from !== to,
    queryFn: ({ signal }) =>
      ask("GET /datasets/{name}/diff", { path: { name }, query: { from: from ?? "", to: to ?? "", limit } }, signal),
    placeholderData: keepPreviousData,
  });
}

export function useEdit(id: string | null, ready: boolean) {
  return useQuery({
    queryKey: ["edit", id, ready],
    enabled: id !== null,
    queryFn: ({ signal }) => ask("GET /dataset/edits/{edit_id}", { path: { edit_id: id ?? "" } }, signal),
  });
}

export function isDone(answer: EditDone | Pending | undefined): answer is EditDone {
  return answer !== undefined && "dry_run" in answer;
}

export function useChanges(id: string, offset: number, limit: number, enabled: boolean) {
  return useQuery({
    queryKey: ["changes", id, offset, limit],
    enabled,
    queryFn: ({ signal }) =>
      ask("GET /dataset/edits/{edit_id}/changes", { path: { edit_id: id }, query: { offset, limit } }, signal),
    placeholderData: keepPreviousData,
  });
}

export type Step = Operations["POST /dataset/edit"]["body"]["steps"][number];

/** Each starts a job that is told by the socket when done, and gives its id. */
export const start = {
  check: async (body: Operations["POST /dataset/validate"]["body"]) =>
    idOf(await send("POST /dataset/validate", { body }, SOON)),
  fix: async (check: string, rules: string[], dryRun: boolean) =>
    idOf(
      await send(
        "POST /dataset/validate/{validation_id}/fix",
        { path: { validation_id: check }, body: { rules, dry_run: dryRun } },
        SOON,
      ),
    ),
  edit: async (dataset: string, steps: Step[], dryRun: boolean) =>
    idOf(await send("POST /dataset/edit", { body: { dataset_path: dataset, steps, dry_run: dryRun } }, SOON)),
  restore: async (name: string, version: string, dryRun: boolean) =>
    idOf(
      await send("POST /datasets/{name}/restore", { path: { name }, body: { version, dry_run: dryRun } }, SOON),
    ),
  bringIn: async (body: Operations["POST /dataset/import"]["body"]) =>
    idOf(await send("POST /dataset/import", { body }, SOON)),
};

export function cancelJob(id: string) {
  return send("POST /dataset/cancel/{job_id}", { path: { job_id: id }, body: undefined });
}

function idOf(answer: DatasetReport | EditDone | Pending): string {
  return "id" in answer ? answer.id : answer.validation_id;
}
