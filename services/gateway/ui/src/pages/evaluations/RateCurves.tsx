// Precision against recall, and precision, recall and F1 over confidence, at this IoU; a click takes its point over.
import { Grid } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Panels, Point } from "../../api/panels";
import { type Rate, RateChart } from "../../charts/RateChart";
import { Section } from "../../parts/parts";
import type { Selection } from "./selection";

interface RateCurvesProps {
  found: Panels;
  point: Point;
  onOpen: (selection: Selection, moved: Partial<Point>) => void;
}

/** What is behind a point of each curve: what lowers it. */
const BEHIND = {
  pr: { of: "boxes" },
  precision: { of: "all", kind: "fp", name: "" },
  recall: { of: "all", kind: "fn", name: "" },
  f1: { of: "boxes" },
} as const;

export function RateCurves({ found, point, onOpen }: RateCurvesProps) {
  const { t } = useTranslation();
  const { confidence, precision, recall, f1 } = found.curve;
  const at = Math.round(point.confidence * (confidence.length - 1));
  const over = (values: number[]): Rate["points"] => values.map((value, n) => [confidence[n] ?? 0, value, confidence[n] ?? 0]);
  const rates: Rate[] = [
    { id: "precision", name: t("metric.precision"), color: 0, points: over(precision) },
    { id: "recall", name: t("metric.recall"), color: 1, points: over(recall) },
    { id: "f1", name: t("metric.f1_score"), color: 2, points: over(f1) },
  ];
  const pr: Rate[] = [
    { id: "pr", name: t("evals.pr"), color: 0, points: recall.map((value, n) => [value, precision[n] ?? 0, confidence[n] ?? 0]) },
  ];
  const pick = (id: string, value: number) => onOpen(BEHIND[id as keyof typeof BEHIND] ?? BEHIND.pr, { confidence: value });
  return (
    <Grid gap="md">
      <Grid.Col span={{ base: 12, md: 5 }}>
        <Section title={t("evals.pr")}>
          <RateChart rates={pr} at={at} x={t("metric.recall")} y={t("metric.precision")} confidence={t("evals.confidence")} testId="pr-curve" onPick={pick} />
        </Section>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 7 }}>
        <Section title={t("evals.rates")}>
          <RateChart rates={rates} at={at} x={t("evals.confidence")} y="" confidence={t("evals.confidence")} testId="rate-curves" onPick={pick} />
        </Section>
      </Grid.Col>
    </Grid>
  );
}
