// All trainings, newest first: by REST once, each row then moved by the socket.
import { NativeSelect, Progress, Stack, Table } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { useTrainings } from "../../api/queries";
import type { TrainingStatus } from "../../api/types";
import { viewOf } from "../../live/job";
import { useJobs } from "../../live/store";
import type { JobLive } from "../../live/state";
import { moment, share } from "../../parts/format";
import { Dim, PageHead, Section, StatusBadge, Trouble } from "../../parts/parts";
import { runState } from "../run/merge";

const STATUSES = ["queued", "initializing", "running", "stopping", "completed", "failed", "cancelled"];

export function Runs() {
  const { t } = useTranslation();
  const [query, setQuery] = useSearchParams();
  const wanted = query.get("status");
  const rest = useTrainings(null);
  const rows = allRuns(rest.data ?? [], useJobs()).filter((row) => !wanted || row.run.status === wanted);
  return (
    <Stack gap="md">
      <PageHead title={t("runs.title")}>
        <NativeSelect
          size="xs"
          aria-label={t("runs.filter")}
          value={wanted ?? ""}
          onChange={(event) => setQuery(event.target.value ? { status: event.target.value } : {})}
          data={[{ value: "", label: t("runs.all") }, ...STATUSES.map((value) => ({ value, label: t(`status.${value}`) }))]}
        />
      </PageHead>
      {rest.isError && <Trouble error={rest.error} />}
      <Section testId="runs">
        {rows.length === 0 ? (
          <Dim>{rest.isPending ? t("app.loading") : t("runs.empty")}</Dim>
        ) : (
          <div className="scroll-x">
            <Table highlightOnHover verticalSpacing="xs" miw={620}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t("runs.name")}</Table.Th>
                  <Table.Th>{t("runs.status")}</Table.Th>
                  <Table.Th w="20%">{t("runs.progress")}</Table.Th>
                  <Table.Th ta="right">{t("runs.best")}</Table.Th>
                  <Table.Th>{t("runs.dataset")}</Table.Th>
                  <Table.Th>{t("runs.created")}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {rows.map(({ id, run, created }) => (
                  <Table.Tr key={id}>
                    <Table.Td>
                      <Link className="row-link" to={`/trainings/${id}`}>
                        {run.title}
                      </Link>
                      <Dim>{run.project}</Dim>
                    </Table.Td>
                    <Table.Td>
                      <StatusBadge status={run.status} />
                    </Table.Td>
                    <Table.Td>
                      <Progress value={run.percent} size="sm" aria-label={t("runs.progress")} />
                    </Table.Td>
                    <Table.Td ta="right">{share(run.best["map50"])}</Table.Td>
                    <Table.Td>{run.dataset.split("/").at(-1)}</Table.Td>
                    <Table.Td style={{ whiteSpace: "nowrap" }}>{moment(created)}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </div>
        )}
      </Section>
    </Stack>
  );
}

function allRuns(rest: TrainingStatus[], jobs: Record<string, JobLive>) {
  const byId = new Map(rest.map((each) => [each.training_id, each]));
  const live = Object.values(jobs).filter((job) => job.area === "training");
  const ids = new Set([...byId.keys(), ...live.map((job) => job.id)]);
  return [...ids]
    .map((id) => {
      const job = jobs[id];
      const created = byId.get(id)?.created_at ?? (job && viewOf(job).request?.time) ?? "";
      return { id, created, run: runState(id, byId.get(id), [], job) };
    })
    .sort((a, b) => b.created.localeCompare(a.created));
}
