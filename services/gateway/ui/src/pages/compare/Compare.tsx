// Comparing trainings: the answer first, then the images that changed, then how the runs were made, then the curves.
import { Alert, Anchor, Button, Grid, Group, Loader, MultiSelect, NativeSelect, Progress, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueries, useQueryClient } from "@tanstack/react-query";
import { Suspense, lazy, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { type Question, useComparison } from "../../api/comparisons";
import { historyQuery, trainingQuery, useRunNames } from "../../api/queries";
import { send } from "../../api/typed";
import type { TrainingStatus } from "../../api/types";
import { viewOf } from "../../live/job";
import { useLive } from "../../live/store";
import { Dim, PageHead, Section, Trouble } from "../../parts/parts";
import { Answer, Classes } from "./Answer";
import { Changed } from "./Changed";
import { Costs, DatasetDiff, SettingsDiff } from "./Differences";
import { Overlay } from "./Overlay";
import { datasetOf } from "./rows";

const MOST = 8;
const SPLITS = ["test", "val", "train"] as const;

const Many = lazy(async () => ({ default: (await import("./Many")).Many }));

export function Compare() {
  const [query] = useSearchParams();
  if (!query.has("all")) return <Few />;
  return (
    <Suspense>
      <Many />
    </Suspense>
  );
}

function Few() {
  const { t } = useTranslation();
  const [query, setQuery] = useSearchParams();
  const ids = useMemo(() => (query.get("runs") ?? "").split(",").filter((id) => id !== "").slice(0, MOST), [query]);
  useMovement(ids);
  const statuses = useQueries({ queries: ids.map(trainingQuery) });
  const histories = useQueries({ queries: ids.map(historyQuery) });
  const runs = statuses.flatMap((each) => (each.data ? [each.data] : []));
  const rows = ids.map((_, at) => histories[at]?.data ?? []);
  const wrong = statuses.find((each) => each.isError);
  const loaded = ids.length > 0 && runs.length === ids.length;
  const names = namesOf(runs);
  const set = (values: Record<string, string | null>) =>
    setQuery((before) => {
      for (const [name, value] of Object.entries(values)) value === null ? before.delete(name) : before.set(name, value);
      return before;
    }, { replace: true });
  return (
    <Stack gap="md" data-testid="compare-page">
      <PageHead title={t("compare.title")}>
        <Anchor component={Link} to="/compare?all=1" size="sm">
          {t("compare.seeMany")}
        </Anchor>
      </PageHead>
      <Pick ids={ids} runs={runs} choose={(chosen) => set({ runs: chosen.join(","), at: null, class: null, kind: null })} />
      {wrong && <Trouble error={wrong.error} />}
      {ids.length < 2 && <Dim>{t("compare.pickTwo")}</Dim>}
      {loaded && ids.length > 1 && (
        <>
          <Verdict runs={runs} names={names} set={set} query={query} />
          <Grid gap="md">
            <Grid.Col span={{ base: 12, md: 6 }}>
              <SettingsDiff runs={runs} names={names} />
            </Grid.Col>
            <Grid.Col span={{ base: 12, md: 6 }}>
              <Stack gap="md">
                <DatasetDiff runs={runs} names={names} />
                <Costs runs={runs} names={names} histories={rows} />
              </Stack>
            </Grid.Col>
          </Grid>
          <Overlay names={names} histories={rows} />
        </>
      )}
    </Stack>
  );
}

/** Asks for runs again when one of them has moved: an epoch more, or its end. */
function useMovement(ids: readonly string[]): void {
  const queries = useQueryClient();
  const moved = useLive((state) =>
    ids
      .map((id) => {
        const job = state.jobs[id];
        const view = job && viewOf(job);
        return `${id}:${view?.status}:${view?.epochs.length}`;
      })
      .join(),
  );
  useEffect(() => {
    for (const place of moved.split(",")) {
      const id = place.split(":")[0] ?? "";
      void queries.invalidateQueries({ queryKey: ["training", id] });
      void queries.invalidateQueries({ queryKey: ["history", id] });
    }
  }, [moved, queries]);
}

/** Short where they tell the runs apart, with the project where not. */
function namesOf(runs: readonly TrainingStatus[]): string[] {
  const short = runs.map((run) => run.experiment_name ?? run.training_id);
  return short.map((name, at) => (short.indexOf(name) === short.lastIndexOf(name) ? name : `${runs[at]?.project_name}/${name}`));
}

function Pick({ ids, runs, choose }: { ids: string[]; runs: TrainingStatus[]; choose: (ids: string[]) => void }) {
  const { t } = useTranslation();
  const known = useRunNames();
  const own = runs.map((run) => ({ value: run.training_id, label: `${run.project_name}/${run.experiment_name}` }));
  const listed = (known.data ?? []).filter((each) => !ids.includes(each.value));
  const bare = ids.filter((id) => !own.some((each) => each.value === id)).map((id) => ({ value: id, label: id.slice(0, 12) }));
  return (
    <MultiSelect
      label={t("compare.runs")}
      description={t("compare.runsHint")}
      searchable
      limit={50}
      maxValues={MOST}
      value={ids}
      onChange={choose}
      data={[...own, ...bare, ...listed]}
      nothingFoundMessage={t("runs.empty")}
      data-testid="compare-runs"
    />
  );
}

interface VerdictProps {
  runs: TrainingStatus[];
  names: string[];
  query: URLSearchParams;
  set: (values: Record<string, string | null>) => void;
}

function Verdict({ runs, names, query, set }: VerdictProps) {
  const { t } = useTranslation();
  const open = runs.find((run) => run.status !== "completed");
  const [base] = runs;
  const used = base && datasetOf(base);
  const dataset = query.get("dataset") ?? (used ? (used.version ? `${used.name}@${used.version}` : used.name) : "");
  const split = SPLITS.find((each) => each === query.get("split")) ?? "test";
  const question: Question | null =
    open || dataset === "" ? null : { runs: runs.map((run) => run.training_id), dataset, split, again: Number(query.get("again") ?? 0) };
  const { id, report, failed, progress, error, retry } = useComparison(question);
  const stop = useMutation({ mutationFn: () => send("POST /model/cancel/{job_id}", { path: { job_id: id ?? "" }, body: undefined as never }) });
  if (open) {
    return (
      <Alert color="gray" data-testid="not-yet">
        {t("compare.notCompleted", { name: `${open.project_name}/${open.experiment_name}`, status: t(`status.${open.status}`) })}
      </Alert>
    );
  }
  const at = Math.min(Math.max(0, Number(query.get("at") ?? 0)), Math.max(0, (report?.candidates.length ?? 1) - 1));
  const candidate = report?.candidates[at];
  const pair: [string, string] = [names[0] ?? "", names[at + 1] ?? ""];
  const share = progress && progress.of > 0 ? (100 * progress.done) / progress.of : 0;
  const anew = () => set({ again: String(Number(query.get("again") ?? 0) + 1) });
  return (
    <Stack gap="md">
      <Group gap="sm" align="end">
        <On key={dataset} dataset={dataset} choose={(value) => set({ dataset: value === "" ? null : value })} />
        <NativeSelect
          size="xs"
          label={t("compare.split")}
          value={split}
          onChange={(event) => set({ split: event.target.value === "test" ? null : event.target.value })}
          data={SPLITS.map((value) => ({ value, label: value }))}
        />
        {report && report.candidates.length > 1 && (
          <NativeSelect
            size="xs"
            label={t("compare.candidate")}
            value={String(at)}
            onChange={(event) => set({ at: event.target.value, class: null })}
            data={report.candidates.map((_, i) => ({ value: String(i), label: names[i + 1] ?? "" }))}
            data-testid="candidate"
          />
        )}
        <Button size="xs" variant="default" onClick={anew} data-testid="anew">
          {t("compare.anew")}
        </Button>
      </Group>
      {error ? <Trouble error={error} onRetry={retry} /> : null}
      {failed?.error_code === "same_judgement" && (
        <Alert color="gray" data-testid="same-weights">
          {t("compare.sameWeights")}
        </Alert>
      )}
      {failed && failed.error_code !== "same_judgement" && (
        <Alert color="red" title={t(`status.${failed.status}`)} role="alert">
          {failed.errors[0]}
        </Alert>
      )}
      {!report && !failed && !error && (
        <Section testId="comparing">
          <Group gap="xs" mb="xs" justify="space-between">
            <Group gap="xs">
              <Loader size="xs" /> <Dim>{progress?.stage || t("compare.comparing")}</Dim>
            </Group>
            {id && (
              <Button size="compact-xs" variant="default" loading={stop.isPending} onClick={() => stop.mutate()} data-testid="stop-comparing">
                {t("compare.stop")}
              </Button>
            )}
          </Group>
          <Progress value={share} animated aria-label={t("compare.comparing")} />
          {stop.isError && <Trouble error={stop.error} />}
        </Section>
      )}
      {report && candidate && (
        <>
          <Answer report={report} candidate={candidate} names={pair} />
          <Classes candidate={candidate} pick={(name) => set({ class: name })} />
          <Changed key={candidate.validation_id} id={report.comparison_id} base={report.base.validation_id} candidate={candidate} names={pair} />
        </>
      )}
    </Stack>
  );
}

/** The dataset that the models are judged on; taken over when the field is left. */
function On({ dataset, choose }: { dataset: string; choose: (value: string) => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState(dataset);
  return (
    <TextInput
      size="xs"
      label={t("compare.dataset")}
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
      onBlur={() => typed !== dataset && choose(typed.trim())}
      onKeyDown={(event) => event.key === "Enter" && choose(typed.trim())}
    />
  );
}
