// A dataset job as it moves: stage, share done, and a button that stops it.
import { Alert, Button, Group, Progress, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { cancelJob } from "../api/datasets";
import type { Pending } from "../api/rest.gen";
import { asString } from "../live/frames";
import { viewOf } from "../live/job";
import { useJob } from "../live/store";
import { progressOf } from "../pages/run/merge";
import { count } from "./format";
import { Trouble } from "./parts";

/** Status and outcome of a job as the socket tells them. */
export function useJobView(id: string | null | undefined) {
  const job = useJob(id ?? undefined);
  return { job, view: job ? viewOf(job) : null };
}

interface JobProgressProps {
  id: string;
  title: string;
  /** The job as REST tells it: of one that is too old for the socket's memory. */
  told?: Pending | undefined;
  children?: ReactNode;
}

export function JobProgress({ id, title, told, children }: JobProgressProps) {
  const { t } = useTranslation();
  const { job, view } = useJobView(id);
  const stop = useMutation({ mutationFn: () => cancelJob(id) });
  const status = view?.status ?? told?.status;
  if (status === "failed") {
    return (
      <Alert color="red" title={t("data.jobFailed")} role="alert" data-testid="job-failed">
        {asString(view?.outcome?.data["message"]) ?? told?.errors[0]}
      </Alert>
    );
  }
  if (status === "cancelled") return <Alert color="gray" title={t("data.jobStopped")} data-testid="job-stopped" />;
  const reading = job?.progress;
  const stage = reading?.stage.replaceAll(" ", "_") ?? "";
  const percent = progressOf(job, view);
  return (
    <div data-testid="job-progress" aria-live="polite">
      <Group justify="space-between" gap="xs" mb={6}>
        <Text size="sm">
          <b>{title}</b>{" "}
          <Text span size="sm" c="dimmed">
            {view?.status === "stopping"
              ? t("status.stopping")
              : reading
                ? `${t(`data.stage.${stage}`, { defaultValue: reading.stage })} · ${count(reading.done)} / ${count(reading.of)}`
                : t("status.queued")}
          </Text>
        </Text>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => stop.mutate()}
          loading={stop.isPending || view?.status === "stopping"}
          disabled={view?.status === "completed"}
          data-testid="job-stop"
        >
          {t("data.stop")}
        </Button>
      </Group>
      <Progress value={percent} animated aria-label={title} />
      {children}
      {stop.isError && <Trouble error={stop.error} />}
    </div>
  );
}
