// The run's live curves: losses (train solid, validation dashed) and quality on the validation split.
import { Grid } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Curves } from "../../charts/Curves";
import type { EpochPoint } from "../../live/state";
import { Dim, Section } from "../../parts/parts";
import { curve } from "./merge";

const LOSSES = ["box_loss", "cls_loss", "dfl_loss"];
const METRICS = ["map50", "map50_95", "precision", "recall"];

export function RunCharts({ epochs, total }: { epochs: EpochPoint[]; total: number }) {
  const { t } = useTranslation();
  const losses = useMemo(
    () =>
      LOSSES.flatMap((name, i) => [
        curve(epochs, t(`metric.${name}`), i, (point) => point.train[name]),
        curve(epochs, `${t(`metric.${name}`)} (val)`, i, (point) => point.val[name], true),
      ]),
    [epochs, t],
  );
  const metrics = useMemo(
    () => METRICS.map((name, i) => curve(epochs, t(`metric.${name}`), i, (point) => point.metrics[name])),
    [epochs, t],
  );
  return (
    <Grid gap="md">
      <Grid.Col span={{ base: 12, md: 6 }}>
        <Section title={t("run.loss")} aside={<Dim>{t("run.lossHint")}</Dim>}>
          <Curves curves={losses} label={t("run.loss")} epochs={total} testId="loss-chart" />
          {epochs.length === 0 && <Dim>{t("run.noPoints")}</Dim>}
        </Section>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 6 }}>
        <Section title={t("run.quality")}>
          <Curves curves={metrics} label={t("run.quality")} epochs={total} max={1} testId="map-chart" />
          {epochs.length === 0 && <Dim>{t("run.noPoints")}</Dim>}
        </Section>
      </Grid.Col>
    </Grid>
  );
}
