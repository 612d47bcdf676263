// What the training would need, before it is started: memory against free, time, the queue, what a check found.
import { Alert, Anchor, Group, Loader, Progress, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { ApiError } from "../../api/client";
import type { Forecast } from "../../api/rest.gen";
import { count, duration, moment, size } from "../../parts/format";
import { Dim, Section } from "../../parts/parts";

interface OutlookProps {
  forecast: Forecast | undefined;
  busy: boolean;
  error: unknown;
  path: string;
}

export function Outlook({ forecast, busy, error, path }: OutlookProps) {
  const { t } = useTranslation();
  return (
    <Section title={t("form.outlook")} aside={busy && <Loader size={14} />} testId="outlook">
      {error instanceof ApiError ? (
        <Dim>{error.message}</Dim>
      ) : !forecast ? (
        <Dim>{t("form.outlookLater")}</Dim>
      ) : (
        <Stack gap="sm">
          <Memory forecast={forecast} />
          <Time forecast={forecast} />
          <Data forecast={forecast} path={path} />
        </Stack>
      )}
    </Section>
  );
}

function Line({ name, children, testId }: { name: string; children: ReactNode; testId?: string }) {
  return (
    <div data-testid={testId}>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      {children}
    </div>
  );
}

function Memory({ forecast }: { forecast: Forecast }) {
  const { t } = useTranslation();
  const { memory } = forecast;
  if (!memory) {
    return (
      <Line name={t("form.device")} testId="forecast-memory">
        <Text size="sm">{t("form.onCpu")}</Text>
      </Line>
    );
  }
  const used = memory.total_bytes - memory.free_bytes;
  const share = (bytes: number) => (100 * bytes) / memory.total_bytes;
  return (
    <Line name={t("form.gpuMemory", { gpu: memory.gpu })} testId="forecast-memory">
      <Text size="sm">
        <b>{size(memory.need_bytes)}</b> {t(memory.measured ? "form.needMeasured" : "form.needPredicted")} ·{" "}
        {t("form.memoryFree", { free: size(memory.free_bytes), total: size(memory.total_bytes) })}
      </Text>
      <Progress.Root size="md" mt={4} aria-hidden>
        <Progress.Section value={share(used)} color="gray" />
        <Progress.Section value={Math.min(share(memory.need_bytes), 100 - share(used))} color={memory.fits ? "teal" : "red"} striped={!memory.fits} />
      </Progress.Root>
      {!memory.fits && (
        <Alert mt="xs" p="xs" color={memory.never ? "red" : "yellow"} data-testid="no-fit">
          <Text size="sm">{t(memory.never ? "form.neverFits" : "form.fitsLater")}</Text>
          {memory.never && memory.largest_batch > 0 && <Text size="sm">{t("form.largestBatch", { batch: memory.largest_batch })}</Text>}
        </Alert>
      )}
    </Line>
  );
}

function Time({ forecast }: { forecast: Forecast }) {
  const { t } = useTranslation();
  const { time, queue } = forecast;
  return (
    <Line name={t("form.time")} testId="forecast-time">
      {time ? (
        <>
          <Text size="sm">
            <b>{t("form.about", { time: duration(time.seconds) })}</b>{" "}
            {t("form.between", { low: duration(time.low_s), high: duration(time.high_s) })} · {t("form.perEpoch", { time: duration(time.epoch_s) })}
          </Text>
          <Dim>{time.scaled_from ? t("form.scaledFrom", { what: time.scaled_from.replace(" at ", " · ") }) : t("form.fromSame")}</Dim>
        </>
      ) : (
        <Dim>{t("form.noPace")}</Dim>
      )}
      {queue.running + queue.waiting > 0 && <Dim>{t("form.behind", { running: queue.running, waiting: queue.waiting })}</Dim>}
    </Line>
  );
}

function Data({ forecast, path }: { forecast: Forecast; path: string }) {
  const { t } = useTranslation();
  const { images, problem, check } = forecast.dataset;
  const splits = Object.entries(images).map(([split, n]) => `${split} ${count(n)}`);
  return (
    <Line name={t("form.dataset")} testId="forecast-data">
      {splits.length > 0 && <Text size="sm">{t("form.images", { splits: splits.join(" · ") })}</Text>}
      {images["val"] === 0 || (splits.length > 0 && images["val"] === undefined && images["test"] === undefined) ? (
        <Text size="sm" c="red">
          {t("form.noVal")}
        </Text>
      ) : null}
      {problem && (
        <Text size="sm" c="red">
          {problem}
        </Text>
      )}
      {check ? (
        <Group gap={6} mt={2}>
          <Text size="sm" c={check.errors > 0 ? "red" : check.warnings > 0 ? "orange" : "teal"} fw={600}>
            {check.errors + check.warnings === 0 ? t("form.checkClean") : t("form.checkFound", { errors: check.errors, warnings: check.warnings })}
          </Text>
          <Anchor component={Link} size="sm" to={`/datasets/checks/${check.validation_id}`} data-testid="open-check">
            {t("form.openCheck", { at: moment(check.at) })}
          </Anchor>
        </Group>
      ) : (
        <Text size="sm">
          {t("form.notChecked")}{" "}
          <Anchor component={Link} size="sm" to={`/datasets?path=${encodeURIComponent(path)}`}>
            {t("form.checkFirst")}
          </Anchor>
        </Text>
      )}
      {check && <Findings summary={check.summary} />}
    </Line>
  );
}

function Findings({ summary }: { summary: Record<string, number> }) {
  const most = Object.entries(summary)
    .sort((a, b) => b[1] - a[1])
    .slice(0, 4);
  return (
    <Group gap={6} mt={4}>
      {most.map(([rule, n]) => (
        <Text key={rule} size="xs" className="mono" c="dimmed">
          {rule} × {count(n)}
        </Text>
      ))}
    </Group>
  );
}
