// One judged model: its panels at any confidence and IoU, advice, and the pictures.
import { Alert, Anchor, Group, Progress, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { useEvaluation } from "../../api/queries";
import type { EvaluationReport } from "../../api/types";
import { asObject, asString } from "../../live/frames";
import { viewOf } from "../../live/job";
import { useJob } from "../../live/store";
import { Pictures, picturesOf } from "../../parts/Pictures";
import { baseName, count } from "../../parts/format";
import { Dim, PageHead, Section, StatusBadge, Trouble } from "../../parts/parts";
import { progressOf } from "../run/merge";
import { Explorer } from "./Explorer";

export function Evaluation() {
  const { t } = useTranslation();
  const { id = "" } = useParams();
  const job = useJob(id);
  const view = job ? viewOf(job) : null;
  const report = useEvaluation(id, view?.outcome != null);
  const data = report.data;
  if (view?.status === "failed") {
    return <Alert color="red" title={t("evals.failed")}>{asString(view.outcome?.data["message"])}</Alert>;
  }
  if (report.isError) return <Trouble error={report.error} title={t("evals.failed")} />;
  if (!data || data.class_metrics === undefined) {
    return (
      <Section title={t("run.judging")} aside={view && <StatusBadge status={view.status} />}>
        <Progress value={progressOf(job, view)} animated aria-label={t("run.judging")} />
      </Section>
    );
  }
  const model = asObject(view?.request?.data["model"]);
  const training = asString(model["training_id"]);
  return (
    <Stack gap="md" data-testid="evaluation">
      <PageHead title={asString(model["name"]) ?? baseName(data.model_path)}>
        {training && (
          <Anchor component={Link} to={`/trainings/${training}`} size="sm">
            {t("evals.run")}
          </Anchor>
        )}
      </PageHead>
      <Group gap="md">
        <Text size="sm" className="mono">
          {data.test_dataset_path}
        </Text>
        <Dim>{t("evals.split", { split: data.split ?? "test" })}</Dim>
        <Dim>
          {t("metric.images")}: {count(data.total_images)}
        </Dim>
      </Group>
      <Explorer id={id} start={{ confidence: data.confidence_threshold, iou: data.match_iou ?? 0.5 }} />
      <Advice report={data} />
      <Section title={t("evals.pictures")}>
        <Pictures pictures={picturesOf(asObject(view?.outcome?.data["artifacts"]))} testId="evaluation-pictures" />
      </Section>
    </Stack>
  );
}

function Advice({ report }: { report: EvaluationReport }) {
  const { t, i18n } = useTranslation();
  const language = i18n.language.startsWith("ja") ? "ja" : "en";
  const advice = report.advice ?? [];
  if (advice.length === 0) return null;
  return (
    <Section title={t("data.advice")}>
      <ul className="plain">
        {advice.map(({ code, sentence }) => (
          <li key={code + sentence.en}>
            <Text size="sm">{sentence[language]}</Text>
          </li>
        ))}
      </ul>
    </Section>
  );
}
