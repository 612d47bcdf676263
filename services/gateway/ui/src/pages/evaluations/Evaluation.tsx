// One judged model: its panels at any confidence and IoU, what its numbers are worth, doubts on labels, advice.
import { Alert, Anchor, Badge, Group, Progress, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { useEvaluation } from "../../api/queries";
import type { JudgementReport } from "../../api/rest.gen";
import { asObject, asString } from "../../live/frames";
import { viewOf } from "../../live/job";
import { useJob } from "../../live/store";
import { Pictures, picturesOf } from "../../parts/Pictures";
import { baseName, count, moment } from "../../parts/format";
import { Dim, PageHead, Section, StatusBadge, Trouble } from "../../parts/parts";
import "../datasets/datasets.css";
import { progressOf } from "../run/merge";
import { Doubts } from "./Doubts";
import { Explorer } from "./Explorer";
import { Slices } from "./Slices";
import { Thresholds } from "./Thresholds";
import "./evaluations.css";

export function Evaluation() {
  const { t } = useTranslation();
  const { id = "" } = useParams();
  const job = useJob(id);
  const view = job ? viewOf(job) : null;
  const report = useEvaluation(id, view?.outcome != null);
  const data = report.data;
  if (view?.status === "failed") {
    return (
      <Alert color="red" role="alert" title={t("evals.failed")}>
        {asString(view.outcome?.data["message"])}
      </Alert>
    );
  }
  if (report.isError) return <Trouble error={report.error} title={t("evals.failed")} onRetry={() => void report.refetch()} />;
  if (!data || !("class_metrics" in data)) {
    return (
      <Section title={t("run.judging")} aside={view && <StatusBadge status={view.status} />}>
        <Progress value={progressOf(job, view)} animated aria-label={t("run.judging")} />
      </Section>
    );
  }
  const start = { confidence: data.confidence_threshold, iou: data.match_iou };
  return (
    <Stack gap="md" data-testid="evaluation">
      <Head data={data} />
      <Explorer id={id} start={start} classes={Object.keys(data.class_metrics)} dataset={data.test_dataset_path} split={data.split} />
      <Advice report={data} />
      <Thresholds id={id} />
      <Slices id={id} />
      <Doubts id={id} />
      <Drawn artifacts={asObject(view?.outcome?.data["artifacts"])} />
    </Stack>
  );
}

function Head({ data }: { data: JudgementReport }) {
  const { t } = useTranslation();
  const training = data.model_info.training_id;
  const name = data.predictions_path ?? data.model_info.name ?? data.model_path;
  return (
    <>
      <PageHead title={baseName(name ?? data.validation_id)}>
        {data.predictions_path && (
          <Badge variant="light" tt="none">
            {t("evals.fromFile")}
          </Badge>
        )}
        {training && (
          <>
            <Anchor component={Link} to={`/trainings/${training}`} size="sm">
              {t("evals.run")}
            </Anchor>
            <Anchor component={Link} to={`/compare?runs=${training}&dataset=${encodeURIComponent(data.test_dataset_path)}&split=${data.split}`} size="sm" data-testid="compare-link">
              {t("evals.compare")}
            </Anchor>
          </>
        )}
      </PageHead>
      <Group gap="md">
        <Anchor component={Link} size="sm" className="mono" to={`/datasets?path=${encodeURIComponent(data.test_dataset_path)}`}>
          {data.test_dataset_path}
        </Anchor>
        <Dim>{t("evals.split", { split: data.split })}</Dim>
        <Dim>
          {t("metric.images")}: {count(data.total_images)}
        </Dim>
        {data.imgsz != null && <Dim>{data.imgsz} px</Dim>}
        <Dim>{moment(data.timestamp)}</Dim>
      </Group>
    </>
  );
}

function Drawn({ artifacts }: { artifacts: Record<string, unknown> }) {
  const { t } = useTranslation();
  const pictures = picturesOf(artifacts);
  if (pictures.length === 0) return null;
  return (
    <Section title={t("evals.pictures")}>
      <Pictures pictures={pictures} testId="evaluation-pictures" />
    </Section>
  );
}

function Advice({ report }: { report: JudgementReport }) {
  const { t, i18n } = useTranslation();
  const language = i18n.language.startsWith("ja") ? "ja" : "en";
  const advice = report.advice;
  if (advice.length === 0) return null;
  return (
    <Section title={t("data.advice")} testId="advice">
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
