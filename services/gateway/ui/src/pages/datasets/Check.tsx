// One dataset check: verdict first, then the findings by rule, then the labels per class.
import { Alert, Badge, Group, Progress, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { useDatasetReport } from "../../api/queries";
import type { DatasetReport, Finding } from "../../api/types";
import { ClassBars } from "../../charts/ClassBars";
import { asString } from "../../live/frames";
import { viewOf } from "../../live/job";
import { useJob } from "../../live/store";
import { count } from "../../parts/format";
import { Dim, PageHead, Section, StatusBadge, Trouble } from "../../parts/parts";
import { progressOf } from "../run/merge";

export function Check() {
  const { t } = useTranslation();
  const { id = "" } = useParams();
  const job = useJob(id);
  const view = job ? viewOf(job) : null;
  const report = useDatasetReport(id, view?.outcome != null);
  const data = report.data;
  if (view?.status === "failed") {
    return <Alert color="red" title={t("data.failed")}>{asString(view.outcome?.data["message"])}</Alert>;
  }
  if (report.isError) return <Trouble error={report.error} title={t("data.failed")} />;
  if (!data || data.valid === undefined) {
    return (
      <Section title={t("data.checking")} aside={view && <StatusBadge status={view.status} />}>
        <Progress value={progressOf(job, view)} animated aria-label={t("data.checking")} />
      </Section>
    );
  }
  return (
    <Stack gap="md" data-testid="report">
      <PageHead title={t("data.report")}>
        <Badge color={data.valid ? "teal" : "red"} size="lg" tt="none" data-testid="verdict" data-valid={data.valid}>
          {t(data.valid ? "data.valid" : "data.invalid")}
        </Badge>
      </PageHead>
      <Section>
        <Text className="mono" size="sm">
          {data.dataset_path}
        </Text>
        <Dim>
          {t("data.counts", {
            images: count(data.total_images),
            labels: count(data.total_labels),
            classes: data.classes.length,
          })}
        </Dim>
        {Object.entries(data.usable ?? {}).map(([split, { images, of }]) => (
          <Text key={split} size="sm" c={images < of ? "orange" : undefined}>
            {t("data.usable", { split, images: count(images), of: count(of) })}
          </Text>
        ))}
      </Section>
      <Findings report={data} />
      <Section title={t("data.distribution")}>
        <ClassBars splits={data.class_distribution} label={t("data.distribution")} />
      </Section>
      {(data.statistics?.recommendations ?? []).length > 0 && (
        <Section title={t("data.advice")}>
          <ul style={{ margin: 0, paddingInlineStart: "1.2rem" }}>
            {data.statistics?.recommendations?.map((sentence) => (
              <li key={sentence}>
                <Text size="sm">{sentence}</Text>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </Stack>
  );
}

const SEVERITY: Record<string, ["error" | "warning" | "info", string]> = {
  E: ["error", "red"],
  W: ["warning", "orange"],
  I: ["info", "blue"],
  error: ["error", "red"],
  warning: ["warning", "orange"],
};
const SHOWN = 20;

function Findings({ report }: { report: DatasetReport }) {
  const { t } = useTranslation();
  const groups = new Map<string, Finding[]>();
  for (const finding of report.findings ?? []) groups.set(finding.rule, [...(groups.get(finding.rule) ?? []), finding]);
  const order = ["red", "orange", "blue"];
  const color = (finding: Finding | undefined) => SEVERITY[finding?.severity ?? ""]?.[1] ?? "blue";
  const sorted = [...groups].sort(([, a], [, b]) => order.indexOf(color(a[0])) - order.indexOf(color(b[0])));
  return (
    <Section title={t("data.findings")} testId="findings">
      {sorted.length === 0 && <Dim>{t("data.clean")}</Dim>}
      <Stack gap="xs">
        {sorted.map(([rule, findings]) => {
          const total = report.summary?.[rule] ?? findings.length;
          const [severity] = SEVERITY[findings[0]?.severity ?? ""] ?? ["info" as const];
          return (
            <details key={rule} data-testid="finding-group">
              <summary>
                <Group gap="xs" display="inline-flex" wrap="nowrap">
                  <Badge color={color(findings[0])} variant="light" tt="none" style={{ flex: "none" }}>
                    {count(total)} {t(`data.severity.${severity}`)}
                  </Badge>
                  <Text size="sm" span>
                    <b>{rule}</b> {findings[0]?.message}
                  </Text>
                </Group>
              </summary>
              <Examples findings={findings} total={total} />
            </details>
          );
        })}
      </Stack>
    </Section>
  );
}

function Examples({ findings, total }: { findings: Finding[]; total: number }) {
  const { t } = useTranslation();
  const shown = findings.slice(0, SHOWN);
  return (
    <Stack gap={4} pl="md" pt={6}>
      {shown.map((finding, i) => (
        <div key={i}>
          <Text size="xs" className="mono">
            {finding.file}
            {finding.line != null && ` · ${t("data.line", { n: finding.line })}`}
          </Text>
          <Dim>
            {finding.message}
            {finding.fix ? ` ${finding.fix}` : ""}
          </Dim>
        </div>
      ))}
      {total > shown.length && <Dim>{t("data.examples", { shown: shown.length, count: total })}</Dim>}
    </Stack>
  );
}
