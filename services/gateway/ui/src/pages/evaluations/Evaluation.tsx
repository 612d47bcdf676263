// One judged model: headline numbers, every class, the confusion matrix from its data, the pictures.
import { Alert, Anchor, Group, Progress, SimpleGrid, Stack, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { useEvaluation } from "../../api/queries";
import type { EvaluationReport } from "../../api/types";
import { Matrix } from "../../charts/Matrix";
import { asObject, asString } from "../../live/frames";
import { viewOf } from "../../live/job";
import { useJob } from "../../live/store";
import { Pictures, picturesOf } from "../../parts/Pictures";
import { baseName, count, share } from "../../parts/format";
import { Dim, PageHead, Section, StatusBadge, Trouble } from "../../parts/parts";
import { progressOf } from "../run/merge";

const HEADLINE = ["map50", "map50_95", "precision", "recall", "f1_score", "accuracy"] as const;

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
        <Dim>{t("evals.operating", { confidence: data.confidence_threshold, split: data.split ?? "test" })}</Dim>
        <Dim>
          {t("metric.images")}: {count(data.total_images)}
        </Dim>
      </Group>
      <SimpleGrid cols={{ base: 2, xs: 3, md: 6 }} spacing="sm">
        {HEADLINE.map((name) => (
          <section key={name} className="card" aria-label={t(`metric.${name}`)}>
            <Dim>{t(`metric.${name}`)}</Dim>
            <Text component="div" className="figure">
              {share(data[name])}
            </Text>
          </section>
        ))}
      </SimpleGrid>
      <PerClass report={data} />
      <Confusion report={data} />
      <Section title={t("evals.pictures")}>
        <Pictures pictures={picturesOf(asObject(view?.outcome?.data["artifacts"]))} testId="evaluation-pictures" />
      </Section>
    </Stack>
  );
}

function PerClass({ report }: { report: EvaluationReport }) {
  const { t } = useTranslation();
  const columns = ["ap50", "ap50_95", "precision", "recall"] as const;
  return (
    <Section title={t("evals.perClass")} testId="per-class">
      <div className="scroll-x">
        <Table verticalSpacing={5}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("metric.class")}</Table.Th>
              {columns.map((name) => (
                <Table.Th key={name} ta="right">
                  {t(`metric.${name}`)}
                </Table.Th>
              ))}
              <Table.Th ta="right">{t("metric.f1_score")}</Table.Th>
              <Table.Th ta="right">{t("metric.support")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {Object.entries(report.class_metrics).map(([name, metrics]) => (
              <Table.Tr key={name}>
                <Table.Td>{name}</Table.Td>
                {columns.map((column) => (
                  <Table.Td key={column} ta="right">
                    {share(metrics[column])}
                  </Table.Td>
                ))}
                <Table.Td ta="right">{share(metrics.f1 ?? metrics.f1_score)}</Table.Td>
                <Table.Td ta="right">{metrics.support ?? "—"}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </Section>
  );
}

function Confusion({ report }: { report: EvaluationReport }) {
  const { t } = useTranslation();
  const matrix = report.confusion_matrix;
  const names = matrix?.labels ?? matrix?.names;
  if (!matrix || !names) return null;
  return (
    <Section title={t("evals.matrix")} aside={<Dim>{t("evals.matrixHint")}</Dim>}>
      <Matrix
        names={names}
        counts={matrix.counts}
        label={t("evals.matrix")}
        predicted={t("evals.predicted")}
        actual={t("evals.actual")}
      />
    </Section>
  );
}
