// What runs and what waits, moving as the socket tells.
import { Group, Progress, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { SystemStatus } from "../../api/types";
import { asObject, asString } from "../../live/frames";
import { viewOf } from "../../live/job";
import { useJobs } from "../../live/store";
import type { JobLive } from "../../live/state";
import { progressOf } from "../run/merge";
import { Dim, Section, StatusBadge } from "../../parts/parts";

export function Work({ status }: { status: SystemStatus | undefined }) {
  const { t } = useTranslation();
  const open = Object.values(useJobs())
    .filter((job) => viewOf(job).request !== null && viewOf(job).outcome === null)
    .sort((a, b) => a.lastSeq - b.lastSeq);
  const running = open.filter((job) => viewOf(job).status !== "queued").length;
  const queue = open.length > 0 ? { running, waiting: open.length - running } : status?.queue;
  return (
    <Section
      title={t("overview.current")}
      aside={
        <Text size="sm" c="dimmed" data-testid="queue">
          <b>{queue?.running ?? 0}</b> {t("overview.running")} · <b>{queue?.waiting ?? 0}</b> {t("overview.waiting")}
        </Text>
      }
    >
      {open.length === 0 ? (
        <Dim>{t("overview.idle")}</Dim>
      ) : (
        <Stack component="ul" className="plain" gap="sm">
          {open.map((job) => (
            <li key={job.id}>
              <Item job={job} />
            </li>
          ))}
        </Stack>
      )}
    </Section>
  );
}

const PAGES: Record<string, string> = { training: "/trainings/", dataset: "/datasets/checks/", analysis: "/evaluations/" };

function Item({ job }: { job: JobLive }) {
  const { t } = useTranslation();
  const view = viewOf(job);
  const data = view.request?.data ?? {};
  const title =
    asString(data["experiment_name"]) ??
    asString(asObject(data["model"])["name"]) ??
    asString(asObject(data["dataset"])["name"]) ??
    job.id;
  const percent = progressOf(job, view);
  return (
    <>
      <Group justify="space-between" gap="xs" mb={4} wrap="nowrap">
        <Text size="sm" truncate>
          <Link className="row-link" to={(PAGES[job.area] ?? "/trainings/") + job.id}>
            {title}
          </Link>{" "}
          <Text span size="sm" c="dimmed">
            {t(`area.${job.area}`)}
          </Text>
        </Text>
        <StatusBadge status={view.status} />
      </Group>
      <Progress value={percent} size="sm" aria-label={title} />
    </>
  );
}
