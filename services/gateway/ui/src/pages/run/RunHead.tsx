// Top of the run page: name, status, what can be done, movement down to the batch, time left.
import { Alert, Anchor, Badge, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { TrainingStatus } from "../../api/types";
import { ArrowIcon } from "../../app/icons";
import type { JobLive } from "../../live/state";
import { duration, moment, share } from "../../parts/format";
import { Copy, Dim, PageHead, StatusBadge } from "../../parts/parts";
import { Controls } from "./Controls";
import { Failure } from "./Failure";
import { Movement } from "./Movement";
import type { RunState } from "./merge";

interface HeadProps {
  id: string;
  run: RunState;
  job: JobLive | undefined;
  rest: TrainingStatus | undefined;
}

export function RunHead({ id, run, job, rest }: HeadProps) {
  const { t } = useTranslation();
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
        {run.priority !== "normal" && (
          <Badge variant="outline" tt="none" color={run.priority === "high" ? "red" : "gray"} data-testid="priority">
            {t("run.priority", { level: t(`form.${run.priority}`) })}
          </Badge>
        )}
        <StatusBadge status={run.status} testId="run-status" />
      </PageHead>
      <Controls id={id} run={run} />
      <Movement run={run} job={job} rest={rest} />
      <Waiting run={run} job={job} />
      <Failure run={run} />
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
        {run.extends && (
          <Text size="sm">
            <Text span inherit c="dimmed">
              {t("run.extends")}:
            </Text>{" "}
            <Anchor component={Link} to={`/trainings/${run.extends}`} inherit>
              {run.extends.slice(0, 8)}
            </Anchor>
          </Text>
        )}
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

/** Why it does not move: paused by somebody, gave way, or waits for memory. */
function Waiting({ run, job }: { run: RunState; job: JobLive | undefined }) {
  const { t } = useTranslation();
  const memory = run.status === "queued" ? job?.progress?.waitingReason : undefined;
  const starts = job?.progress?.startsInSeconds;
  if (!run.waits && !memory) return null;
  return (
    <Alert color="yellow" p="xs" data-testid="waiting">
      {run.waits && <Text size="sm">{t(`run.pausedBy.${run.waits.key}`, { by: run.waits.by.slice(0, 40) })}</Text>}
      {memory && <Text size="sm">{memory}</Text>}
      {memory && starts !== undefined && <Text size="sm">{t("run.startsIn", { time: duration(starts) })}</Text>}
    </Alert>
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

