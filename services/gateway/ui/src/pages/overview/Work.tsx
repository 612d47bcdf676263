// What runs, moving as the socket tells, and what waits, with its place and the reason.
import { Badge, Group, Progress, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useTraining } from "../../api/queries";
import type { SystemStatus } from "../../api/types";
import { asObject, asString } from "../../live/frames";
import { viewOf } from "../../live/job";
import type { JobLive } from "../../live/state";
import { useJobs } from "../../live/store";
import { jobPage } from "../../parts/jobPage";
import { Dim, Section, StatusBadge } from "../../parts/parts";
import { progressOf } from "../run/merge";
import { Queue, useQueue } from "./Queue";

export function Work({ status }: { status: SystemStatus | undefined }) {
  const { t } = useTranslation();
  const queue = useQueue();
  const waiting = queue.data?.rows ?? [];
  const listed = new Set(waiting.map((each) => each.training_id));
  const open = Object.values(useJobs())
    .filter((job) => viewOf(job).request !== null && viewOf(job).outcome === null)
    .filter((job) => !listed.has(job.id) || viewOf(job).status !== "queued")
    .sort((a, b) => a.lastSeq - b.lastSeq);
  const total = queue.data?.total ?? waiting.length;
  const told = new Set([...listed, ...open.map((job) => job.id)]);
  const older = (status?.active_trainings ?? []).filter((id) => !told.has(id));
  return (
    <Section
      title={t("overview.current")}
      aside={
        <Text size="sm" c="dimmed" data-testid="queue">
          <b>{status?.queue.running ?? 0}</b> {t("overview.running")} · <b>{status?.queue.waiting ?? total}</b> {t("overview.waiting")}
        </Text>
      }
    >
      {open.length === 0 && waiting.length === 0 && older.length === 0 && <Dim>{t("overview.idle")}</Dim>}
      {open.length + older.length > 0 && (
        <Stack component="ul" className="plain" gap="sm">
          {older.map((id) => (
            <li key={id}>
              <Older id={id} />
            </li>
          ))}
          {open.map((job) => (
            <li key={job.id}>
              <Item job={job} />
            </li>
          ))}
        </Stack>
      )}
      {waiting.length > 0 && <Queue rows={waiting} total={total} />}
    </Section>
  );
}

/** A training that began before what the socket told. */
function Older({ id }: { id: string }) {
  const run = useTraining(id).data;
  if (!run || ["completed", "failed", "cancelled"].includes(run.status)) return null;
  return (
    <>
      <Group justify="space-between" gap="xs" mb={4} wrap="nowrap">
        <Link className="row-link" to={`/trainings/${id}`}>
          {run.experiment_name}
        </Link>
        <StatusBadge status={run.status} />
      </Group>
      <Progress value={run.progress} size="sm" aria-label={run.experiment_name} />
    </>
  );
}

function Item({ job }: { job: JobLive }) {
  const { t } = useTranslation();
  const view = viewOf(job);
  const data = view.request?.data ?? {};
  const title =
    asString(data["experiment_name"]) ??
    asString(asObject(data["model"])["name"]) ??
    asString(asObject(data["dataset"])["name"]) ??
    job.id;
  const gaveWay = asString(view.paused?.data["reason"]) === "preempted";
  const percent = progressOf(job, view);
  return (
    <>
      <Group justify="space-between" gap="xs" mb={4} wrap="nowrap">
        <Text size="sm" truncate>
          <Link className="row-link" to={jobPage(job.area, job.id) ?? "/events"}>
            {title}
          </Link>{" "}
          <Text span size="sm" c="dimmed">
            {t(`area.${job.area}`)}
          </Text>
        </Text>
        <Group gap={6} wrap="nowrap">
          {gaveWay && (
            <Badge size="sm" variant="light" color="yellow" tt="none">
              {t("overview.gaveWay", { count: 1 })}
            </Badge>
          )}
          <StatusBadge status={view.status} />
        </Group>
      </Group>
      <Progress value={percent} size="sm" aria-label={title} />
    </>
  );
}
