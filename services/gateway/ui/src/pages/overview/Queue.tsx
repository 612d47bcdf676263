// Trainings that wait: place, why, when they may start, and how often they gave way.
import { Badge, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { TrainingStatus } from "../../api/rest.gen";
import { type Page, page } from "../../api/typed";
import { count, duration } from "../../parts/format";
import { Dim } from "../../parts/parts";

const SHOWN = 50;
const EVERY_MS = 10_000; // when they start moves on without an event

export function useQueue() {
  return useQuery<Page<TrainingStatus[]>>({
    queryKey: ["trainings", "queue"],
    refetchOnMount: "always",
    refetchInterval: ({ state }) => (state.data?.rows.length ? EVERY_MS : false),
    queryFn: ({ signal }) => page("GET /training/status", { query: { status: "queued", limit: 500 } }, signal),
  });
}

export function Queue({ rows, total }: { rows: TrainingStatus[]; total: number }) {
  const { t } = useTranslation();
  const first = rows.toSorted((a, b) => (a.queue_position ?? 0) - (b.queue_position ?? 0)).slice(0, SHOWN);
  return (
    <>
      <ol className="plain queue" aria-label={t("overview.queue")} data-testid="waiting-list">
        {first.map((run) => (
          <li key={run.training_id} data-training={run.training_id}>
            <Text size="sm" c="dimmed" className="place">
              {run.queue_position}
            </Text>
            <div>
              <Group gap={6}>
                <Link className="row-link" to={`/trainings/${run.training_id}`}>
                  {run.experiment_name}
                </Link>
                {run.priority !== "normal" && (
                  <Badge size="xs" variant="outline" tt="none" color={run.priority === "high" ? "red" : "gray"}>
                    {t(`form.${run.priority}`)}
                  </Badge>
                )}
                {run.preempted > 0 && (
                  <Badge size="xs" variant="light" color="yellow" tt="none">
                    {t("overview.gaveWay", { count: run.preempted })}
                  </Badge>
                )}
              </Group>
              <Text size="xs" c="dimmed" title={run.waiting_reason ?? undefined}>
                {run.starts_in === null
                  ? t("overview.startUnknown")
                  : run.starts_in < 10
                    ? t("overview.startsSoon")
                    : t("overview.startsIn", { time: duration(run.starts_in) })}
              </Text>
              {run.waiting_code && (
                <Text size="xs" c="dimmed">
                  {run.waiting_code === "told_by_trainer" ? run.waiting_reason?.split("; ")[0] : t(`overview.waits.${run.waiting_code}`)}
                </Text>
              )}
            </div>
          </li>
        ))}
      </ol>
      {total > SHOWN && <Dim>{t("overview.andMore", { count: total - SHOWN, n: count(total - SHOWN) })}</Dim>}
    </>
  );
}
