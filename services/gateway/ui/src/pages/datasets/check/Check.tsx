// One dataset check, the first screen before a training: verdict, fixes, findings by rule, then the dataset in figures.
import "../datasets.css";
import { Alert, Badge, Button, Group, NativeSelect, Progress, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams } from "react-router";
import { isReport, start, useReport } from "../../../api/datasets";
import type { DatasetReport } from "../../../api/rest.gen";
import { asNumber, asObject, asString } from "../../../live/frames";
import { factName } from "../../../live/job";
import type { JobLive } from "../../../live/state";
import { JobProgress, useJobView } from "../../../parts/JobProgress";
import { count } from "../../../parts/format";
import { Dim, PageHead, Section, Trouble } from "../../../parts/parts";
import { useView } from "../../../parts/view";
import { Figures } from "../figures/Figures";
import { Findings } from "./Findings";
import { Fix } from "./Fix";

export function Check() {
  const { t } = useTranslation();
  const { id = "" } = useParams();
  const [view, setView] = useView();
  const { job, view: state } = useJobView(id);
  const report = useReport(id, state?.outcome != null);
  if (report.isError) return <Trouble error={report.error} title={t("data.failed")} />;
  if (!isReport(report.data)) {
    return (
      <Stack gap="md">
        <PageHead title={t("data.checking")} />
        <Section>
          <JobProgress id={id} told={report.data} title={asString(asObject(state?.request?.data["dataset"])["name"]) ?? t("data.checking")}>
            <FoundSoFar job={job} />
          </JobProgress>
        </Section>
      </Stack>
    );
  }
  const tab = view.get("tab") ?? "findings";
  return (
    <Stack gap="md" data-testid="report">
      <Head report={report.data} version={asString(asObject(state?.request?.data["dataset"])["version"])} />
      <Group gap="xs" role="tablist">
        {(["findings", "figures"] as const).map((name) => (
          <Button
            key={name}
            role="tab"
            aria-selected={tab === name}
            size="xs"
            variant={tab === name ? "light" : "subtle"}
            onClick={() => setView({ tab: name === "findings" ? null : name })}
            data-testid={`tab-${name}`}
          >
            {t(`data.tab.${name}`)}
          </Button>
        ))}
      </Group>
      {tab === "figures" ? (
        <Figures report={report.data} />
      ) : (
        <>
          <Fix report={report.data} />
          <Findings report={report.data} />
          <Advice report={report.data} />
        </>
      )}
    </Stack>
  );
}

/** What a running check has found already, by severity. */
function FoundSoFar({ job }: { job: JobLive | undefined }) {
  const { t } = useTranslation();
  const totals: Record<string, number> = {};
  for (const fact of Object.values(job?.facts ?? {})) {
    if (factName(fact.kind) !== "findings_found") continue;
    for (const [severity, n] of Object.entries(asObject(fact.data["counts"]))) {
      totals[severity] = (totals[severity] ?? 0) + (asNumber(n) ?? 0);
    }
  }
  const told = (["E", "W", "I"] as const).filter((severity) => (totals[severity] ?? 0) > 0);
  if (told.length === 0) return null;
  return (
    <Group gap="xs" mt="sm" data-testid="found-so-far">
      <Dim>{t("data.soFar")}</Dim>
      {told.map((severity) => (
        <Badge key={severity} color={COLOURS[severity]} variant="light" tt="none" c="var(--mantine-color-text)">
          {count(totals[severity] ?? 0)} {t(`data.severity.${severity}`)}
        </Badge>
      ))}
    </Group>
  );
}

const DEPTHS = ["fast", "standard", "full"] as const;

export const COLOURS = { E: "red", W: "orange", I: "blue" } as const;

function Head({ report, version }: { report: DatasetReport; version: string | undefined }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [depth, setDepth] = useState(DEPTHS.find((each) => each === report.mode) ?? "full");
  const again = useMutation({
    mutationFn: () => start.check({ dataset_path: report.dataset_path, mode: depth }),
    onSuccess: (id) => navigate(`/datasets/checks/${id}`),
  });
  const splits = Object.entries(report.usable);
  const usable = splits.reduce((sum, [, each]) => sum + each.images, 0);
  const all = splits.reduce((sum, [, each]) => sum + each.of, 0);
  return (
    <>
      <PageHead
        title={
          version ? (
            <Link className="row-link" to={`/datasets/${encodeURIComponent(report.dataset_path)}`}>
              {report.dataset_path} <small>{version}</small>
            </Link>
          ) : (
            report.dataset_path
          )
        }
      >
        <Group gap={4} wrap="nowrap">
          <NativeSelect
            size="xs"
            value={depth}
            onChange={(event) => setDepth(DEPTHS.find((each) => each === event.currentTarget.value) ?? "full")}
            data={DEPTHS.map((value) => ({ value, label: t(`data.mode.${value}`) }))}
            aria-label={t("data.depth")}
          />
          <Button size="xs" variant="default" loading={again.isPending} onClick={() => again.mutate()}>
            {t("data.checkAgain")}
          </Button>
        </Group>
        <Button
          size="xs"
          component={Link}
          to={`/trainings/new?dataset_path=${encodeURIComponent(report.dataset_path)}`}
          variant={report.valid ? "filled" : "default"}
        >
          {t("data.train")}
        </Button>
      </PageHead>
      {again.isError && <Trouble error={again.error} />}
      <Section>
        <Group justify="space-between" gap="sm" align="flex-start">
          <div>
            <Text className="figure" data-testid="usable" component="p" m={0}>
              {t("data.usableAll", { images: count(usable), of: count(all), count: all })}
            </Text>
            <Dim>
              {t("data.counts", {
                images: count(report.total_images),
                labels: count(report.total_labels),
                classes: count(report.classes.length),
              })}
              {" · "}
              {t(`data.mode.${report.mode}`)}
              {" · "}
              {t("time.seconds", { n: report.processing_time.toFixed(1) })}
            </Dim>
          </div>
          <Badge
            color={report.valid ? "teal" : "red"}
            size="lg"
            tt="none"
            miw="max-content"
            data-testid="verdict"
            data-valid={report.valid}
          >
            {t(report.valid ? "data.valid" : "data.invalid")}
          </Badge>
        </Group>
        <Stack gap={6} mt="sm">
          {splits.map(([split, { images, of }]) => (
            <div key={split} className="split-line">
              <Text size="sm">{split}</Text>
              <Progress
                value={of > 0 ? (100 * images) / of : 0}
                color={images < of ? "orange" : "teal"}
                aria-label={t("data.usable", { split, images: count(images), of: count(of) })}
              />
              <Text size="sm" c="dimmed">
                {count(images)} / {count(of)}
              </Text>
            </div>
          ))}
        </Stack>
        {all === 0 && <Alert color="red" mt="sm" title={t("data.noImages")} />}
      </Section>
    </>
  );
}

function Advice({ report }: { report: DatasetReport }) {
  const { t } = useTranslation();
  const told = report.statistics.recommendations;
  if (told.length === 0) return null;
  return (
    <Section title={t("data.advice")}>
      <ul style={{ margin: 0, paddingInlineStart: "1.2rem" }}>
        {told.map((sentence) => (
          <li key={sentence}>
            <Text size="sm">{sentence}</Text>
          </li>
        ))}
      </ul>
    </Section>
  );
}
