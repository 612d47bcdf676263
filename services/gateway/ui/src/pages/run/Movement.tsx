// How far the run is: all of it, the epoch it is in, batch by batch; the time left and when it will be done.
import { Group, Progress, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { TrainingStatus } from "../../api/types";
import type { JobLive } from "../../live/state";
import { clock, duration } from "../../parts/format";
import { Dim } from "../../parts/parts";
import type { RunState } from "./merge";

const LOSSES = ["box_loss", "cls_loss", "dfl_loss"];

interface MovementProps {
  run: RunState;
  job: JobLive | undefined;
  rest: TrainingStatus | undefined;
}

export function Movement({ run, job, rest }: MovementProps) {
  const { t } = useTranslation();
  const moving = run.status === "running" || run.status === "initializing" || run.status === "stopping";
  const reading = moving ? job?.progress : null;
  const inside = reading && reading.of > 0 && reading.epoch !== undefined ? (100 * reading.done) / reading.of : null;
  const left = moving ? (reading?.etaSeconds ?? run.left) : null;
  const open = !["completed", "failed", "cancelled"].includes(run.status);
  return (
    <section className="card" aria-live="off">
      <Progress value={run.percent} size="lg" animated={run.status === "running"} aria-label={t("runs.progress")} />
      {inside !== null && (
        <Progress mt={4} size="xs" color="teal" transitionDuration={150} value={inside} aria-label={t("run.insideEpoch")} data-testid="batch-progress" />
      )}
      <Group justify="space-between" mt={8} gap="xs">
        <Text size="sm" data-testid="run-position">
          {position(run, job, t)}
        </Text>
        <Dim>
          {left !== null && left >= 1 && (
            <span data-testid="eta">
              {t("run.left", { time: duration(left) })} · {t("run.doneAt", { time: clock(new Date(Date.now() + left * 1000).toISOString()) })}
            </span>
          )}
          {!open && run.startedAt && run.endedAt && t("run.took", { time: duration(seconds(run.startedAt, run.endedAt)) })}
        </Dim>
      </Group>
      {reading && Object.keys(reading.losses).length > 0 && (
        <Group gap="md" mt={2} data-testid="batch-losses">
          {LOSSES.filter((name) => name in reading.losses).map((name) => (
            <Text key={name} size="xs" c="dimmed">
              {t(`metric.${name}`)} <b>{reading.losses[name]?.toFixed(3)}</b>
            </Text>
          ))}
          {reading.imagesPerSecond !== undefined && (
            <Text size="xs" c="dimmed">
              {t("run.imagesPerSecond", { n: reading.imagesPerSecond.toFixed(1) })}
            </Text>
          )}
        </Group>
      )}
      {run.status === "queued" && rest?.queue_position ? (
        <Dim>
          {t("run.queue", { n: rest.queue_position })} · {t("run.waitingFor")}
        </Dim>
      ) : null}
    </section>
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
    if (run.pausing) parts.push(t("run.pausingSoon"));
  }
  if (run.attempt > 1) parts.push(t("run.attempt", { n: run.attempt }));
  if (run.preempted > 0) parts.push(t("run.gaveWay", { count: run.preempted }));
  if (run.early) parts.push(t("run.early"));
  return parts.join(" · ");
}

function seconds(from: string, to: string): number {
  return (new Date(to).getTime() - new Date(from).getTime()) / 1000;
}
