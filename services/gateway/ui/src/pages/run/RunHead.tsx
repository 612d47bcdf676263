// Top of the run page: name, status, movement down to the batch, time left, failure with its cause.
import { Alert, Anchor, Code, Group, Progress, SimpleGrid, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { TrainingStatus } from "../../api/types";
import { ArrowIcon } from "../../app/icons";
import type { JobLive } from "../../live/state";
import { duration, moment, share } from "../../parts/format";
import { Copy, Dim, PageHead, StatusBadge } from "../../parts/parts";
import { Stop } from "./Stop";
import type { RunState } from "./merge";

interface HeadProps {
  id: string;
  run: RunState;
  job: JobLive | undefined;
  rest: TrainingStatus | undefined;
}

export function RunHead({ id, run, job, rest }: HeadProps) {
  const { t } = useTranslation();
  const open = !["completed", "failed", "cancelled"].includes(run.status);
  return (
    <Stack gap="sm">
      <Anchor component={Link} to="/trainings" size="sm" w="fit-content">
        <Group gap={4}>
          <ArrowIcon size={14} /> {t("runs.title")}
        </Group>
      </Anchor>
      <PageHead
        title={
          <>
            {run.project && (
              <Text span inherit c="dimmed" fw={500}>
                {run.project} /{" "}
              </Text>
            )}
            {run.title}
          </>
        }
      >
        <StatusBadge status={run.status} testId="run-status" />
        {open && run.status !== "stopping" && <Stop id={id} running={run.status !== "queued"} />}
      </PageHead>
      <section className="card" aria-live="off">
        <Progress value={run.percent} size="lg" animated={open && run.status === "running"} aria-label={t("runs.progress")} />
        <Group justify="space-between" mt={8} gap="xs">
          <Text size="sm" data-testid="run-position">
            {position(run, job, t)}
          </Text>
          <Dim>
            {run.left !== null && run.left >= 1 && open && t("run.left", { time: duration(run.left) })}
            {!open && run.startedAt && run.endedAt && t("run.took", { time: duration(seconds(run.startedAt, run.endedAt)) })}
          </Dim>
        </Group>
        {run.status === "queued" && rest?.queue_position ? (
          <Dim>
            {t("run.queue", { n: rest.queue_position })} · {t("run.waitingFor")}
          </Dim>
        ) : null}
      </section>
      {run.failure && (
        <Alert color="red" title={`${t("run.failed")}${run.failure.code ? ` (${run.failure.code})` : ""}`} role="alert" data-testid="failure">
          <Text size="sm">{run.failure.message}</Text>
          {run.failure.console.length > 0 && (
            <details style={{ marginTop: 8 }}>
              <summary>{t("run.failedConsole")}</summary>
              <Code block mah={320} style={{ overflow: "auto" }}>
                {run.failure.console.join("\n")}
              </Code>
            </details>
          )}
        </Alert>
      )}
      <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="sm">
        {["map50", "map50_95", "precision", "recall"].map((name) => (
          <section key={name} className="card" aria-label={t(`metric.${name}`)}>
            <Dim>{t(`metric.${name}`)}</Dim>
            <Text component="div" className="figure" data-testid={`best-${name}`}>
              {share(run.best[name])}
            </Text>
          </section>
        ))}
      </SimpleGrid>
      <Group gap="md">
        <Facts run={run} />
        <Group gap={2}>
          <Dim>{t("run.id")}:</Dim>
          <Text size="sm" className="mono">
            {id}
          </Text>
          <Copy value={id} />
        </Group>
      </Group>
    </Stack>
  );
}

function Facts({ run }: { run: RunState }) {
  const { t } = useTranslation();
  const facts: [string, string | undefined][] = [
    [t("runs.dataset"), run.dataset],
    [t("form.base"), run.model],
    [t("run.device"), run.device],
    [t("run.worker"), run.worker],
    [t("runs.created"), run.startedAt ? moment(run.startedAt) : undefined],
  ];
  return facts.map(([name, value]) =>
    value ? (
      <Text key={name} size="sm">
        <Text span inherit c="dimmed">
          {name}:
        </Text>{" "}
        {value}
      </Text>
    ) : null,
  );
}

type T = ReturnType<typeof useTranslation>["t"];

function position(run: RunState, job: JobLive | undefined, t: T): string {
  const reading = job?.progress;
  const parts = [t("run.epochOf", { epoch: run.epochs.at(-1)?.epoch ?? 0, epochs: run.total })];
  if (run.status === "running" || run.status === "initializing") {
    if (reading && reading.epoch !== undefined) {
      parts[0] = t("run.epochOf", { epoch: reading.epoch, epochs: run.total });
    }
    if (reading && reading.of > 0) parts.push(t("run.batchOf", { done: Math.round(reading.done), of: reading.of }));
    if (reading?.stage) parts.push(t(`run.stage.${reading.stage}`, { defaultValue: reading.stage }));
  }
  if (run.attempt > 1) parts.push(t("run.attempt", { n: run.attempt }));
  if (run.early) parts.push(t("run.early"));
  return parts.join(" · ");
}

function seconds(from: string, to: string): number {
  return (new Date(to).getTime() - new Date(from).getTime()) / 1000;
}
