// Comparisons of trained models: asked for once per question, then told by the socket, then read.
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { viewOf } from "../live/job";
import { useJob } from "../live/store";
import { ApiError } from "./client";
import type { ComparisonReport, CompareModels, Pending } from "./rest.gen";
import { ask, send } from "./typed";

export interface Question {
  runs: string[];
  dataset: string;
  split: "train" | "val" | "test";
  /** Counts up when it shall be done again. */
  again: number;
}

const SURE_MS = 5000; // while it is compared: also without the socket the answer comes

/** The same question is the same job, also after a reload and in another browser. */
function keyOf({ runs, dataset, split, again }: Question): string {
  const short = runs.map((id) => id.slice(0, 10)).join("+");
  return `page:${again}:${split}:${short}:${encodeURIComponent(dataset)}`.slice(0, 250);
}

function isReport(answer: ComparisonReport | Pending | undefined): answer is ComparisonReport {
  return answer !== undefined && "candidates" in answer;
}

export function useComparison(question: Question | null) {
  const asked = useQuery({
    queryKey: ["comparison", question],
    enabled: question !== null,
    retry: (failures, error) => failures < 1 && !(error instanceof ApiError),
    queryFn: () => {
      const { runs, dataset, split } = question as Question;
      const body = { models: runs, test_dataset_path: dataset, split } as CompareModels;
      return send("POST /model/compare", { body }, { Prefer: "respond-async", "Idempotency-Key": keyOf(question as Question) });
    },
  });
  const id = asked.data?.comparison_id ?? null;
  const job = useJob(id ?? undefined);
  const outcome = job ? viewOf(job).outcome : null;
  const later = useQuery<ComparisonReport | Pending>({
    queryKey: ["comparison-report", id, outcome?.seq ?? 0],
    enabled: id !== null && !isReport(asked.data),
    refetchInterval: (query) => (isReport(query.state.data) || query.state.data?.errors.length ? false : SURE_MS),
    queryFn: ({ signal }) => ask("GET /model/compare/{comparison_id}", { path: { comparison_id: id ?? "" } }, signal),
  });
  const answer = isReport(asked.data) ? asked.data : later.data;
  const pending = isReport(answer) ? undefined : answer;
  return {
    id,
    report: isReport(answer) ? answer : null,
    failed: pending?.status === "failed" || pending?.status === "cancelled" ? pending : null,
    progress: job?.progress ?? null,
    error: asked.error ?? later.error,
    retry: () => void asked.refetch(),
  };
}

export type Kind = "fixed" | "broken" | "still_wrong" | "still_right";

export interface BoxFilter {
  candidate: string;
  kind: Kind;
  of: "label" | "false_positive" | null;
  cls: string | null;
}

const PAGE = 60;

/** What became of the boxes, page by page. */
export function useChangedBoxes(id: string, { candidate, kind, of, cls }: BoxFilter) {
  return useInfiniteQuery({
    queryKey: ["changed", id, candidate, kind, of, cls],
    initialPageParam: 0,
    queryFn: ({ pageParam, signal }) =>
      ask(
        "GET /model/compare/{comparison_id}/boxes",
        { path: { comparison_id: id }, query: { candidate, kind, of, class: cls, limit: PAGE, cursor: pageParam } },
        signal,
      ),
    getNextPageParam: (last) => last.next_cursor,
  });
}
