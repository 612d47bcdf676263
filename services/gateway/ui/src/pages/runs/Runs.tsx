// All trainings, newest first: page by page from REST, each row then moved by the socket; some chosen to be compared.
import { Anchor, Group, NativeSelect, Stack, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useTrainingPages } from "../../api/queries";
import type { TrainingStatus } from "../../api/types";
import { viewOf } from "../../live/job";
import type { JobLive } from "../../live/state";
import { useJobs } from "../../live/store";
import { Windowed } from "../../parts/Windowed";
import { count } from "../../parts/format";
import { Dim, PageHead, Section, Trouble } from "../../parts/parts";
import { useTyped } from "../../parts/useTyped";
import { CompareChosen } from "../compare/CompareChosen";
import { RunRow } from "./RunRow";

const STATUSES = ["queued", "initializing", "running", "paused", "stopping", "completed", "failed", "cancelled"];
const ROW_PX = 58;
const MOST_COMPARED = 8;
const SETTLE_MS = 300;

export function Runs() {
  const { t } = useTranslation();
  const [status, setStatus] = useTyped("status");
  const [typed, setTyped] = useTyped("name");
  const [picked, setPicked] = useTyped("chosen");
  const [name] = useDebouncedValue(typed.trim(), SETTLE_MS);
  const chosen = useMemo(() => picked.split(",").filter((id) => id !== ""), [picked]);

  const pages = useTrainingPages(status || null, name);
  const jobs = useJobs();
  const loaded = useMemo(() => pages.data?.pages.flatMap((page) => page.rows as TrainingStatus[]) ?? [], [pages.data]);
  const byId = useMemo(() => new Map(loaded.map((each) => [each.training_id, each])), [loaded]);
  const fresh = status || name ? [] : newer(jobs, byId, loaded[0]?.created_at ?? "");
  const ids = [...fresh, ...loaded.map((each) => each.training_id)];
  const total = (pages.data?.pages[0]?.total ?? loaded.length) + fresh.length;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = pages;
  const atEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const choose = (id: string) =>
    setPicked((chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id].slice(-MOST_COMPARED)).join(","));
  return (
    <Stack gap="md">
      <PageHead title={t("runs.title")}>
        <TextInput size="xs" placeholder={t("runs.find")} aria-label={t("runs.find")} value={typed} onChange={(event) => setTyped(event.target.value)} data-testid="run-search" />
        <NativeSelect
          size="xs"
          aria-label={t("runs.filter")}
          value={status}
          onChange={(event) => setStatus(event.target.value)}
          data={[{ value: "", label: t("runs.all") }, ...STATUSES.map((value) => ({ value, label: t(`status.${value}`) }))]}
        />
        <CompareChosen chosen={chosen} />
      </PageHead>
      {pages.isError && <Trouble error={pages.error} onRetry={() => void pages.refetch()} />}
      <Section testId="runs">
        {ids.length === 0 ? (
          <Dim>{pages.isPending ? t("app.loading") : t(status || name ? "runs.noneFits" : "runs.empty")}</Dim>
        ) : (
          <>
            <Group justify="space-between" mb={4}>
              <Dim>{t("runs.count", { count: total, n: count(total) })}</Dim>
              {total > 1 && (
                <Anchor component={Link} size="sm" to={`/compare?${new URLSearchParams({ all: "1", ...(name && { name }), ...(status && { status }) })}`} data-testid="curves-of-all">
                  {t("runs.curvesOfAll")}
                </Anchor>
              )}
            </Group>
            <div role="table" aria-label={t("runs.title")} aria-rowcount={total}>
              <div className="run-row run-head" role="row">
                <span role="columnheader" aria-label={t("runs.choose")} />
                <span role="columnheader">{t("runs.name")}</span>
                <span role="columnheader">{t("runs.status")}</span>
                <span role="columnheader">{t("runs.progress")}</span>
                <span role="columnheader" style={{ textAlign: "right" }}>
                  {t("runs.best")}
                </span>
                <span role="columnheader">{t("runs.dataset")}</span>
                <span role="columnheader">{t("runs.created")}</span>
              </div>
              <Windowed
                count={ids.length}
                rowPx={ROW_PX}
                heightPx={Math.max(320, window.innerHeight - 290)}
                label={t("runs.title")}
                role="rowgroup"
                testId="run-list"
                onEnd={atEnd}
                row={(index) => {
                  const id = ids[index] ?? "";
                  return <RunRow key={id} id={id} rest={byId.get(id)} heightPx={ROW_PX} chosen={chosen.includes(id)} choose={choose} />;
                }}
              />
            </div>
          </>
        )}
      </Section>
    </Stack>
  );
}

/** Trainings that were asked for since the list was loaded, the newest first. */
function newer(jobs: Record<string, JobLive>, known: Map<string, unknown>, since: string): string[] {
  return Object.values(jobs)
    .filter((job) => job.area === "training" && !known.has(job.id))
    .map((job) => ({ id: job.id, at: viewOf(job).request?.time ?? "" }))
    .filter(({ at }) => at > since)
    .sort((a, b) => b.at.localeCompare(a.at))
    .map(({ id }) => id);
}
