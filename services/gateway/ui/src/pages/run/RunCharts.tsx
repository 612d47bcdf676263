// The run's live curves: losses (train solid, validation dashed), quality, learning rate, seconds; one range for all.
import { Grid, Group, RangeSlider, Text } from "@mantine/core";
import { memo, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Curve, CurvesProps } from "../../charts/Curves";
import { Figure } from "../../charts/Figure";
import { ZoomHint } from "../../charts/ZoomHint";
import { type Span, spanOf, spanText } from "../../charts/span";
import type { EpochPoint } from "../../live/state";
import { useTyped } from "../../parts/useTyped";
import { curve } from "./merge";

const LOSSES = ["box_loss", "cls_loss", "dfl_loss"];
const METRICS = ["map50", "map50_95", "precision", "recall"];

export const RunCharts = memo(function RunCharts({ epochs, total, file }: { epochs: EpochPoint[]; total: number; file: string }) {
  const [span, setSpan] = useTyped("epochs");
  const [log, setLog] = useTyped("log");
  const last = Math.max(2, total, epochs.at(-1)?.epoch ?? 0);
  const range = useMemo(() => within(spanOf(span), last), [span, last]);
  const choose = (wanted: Span) => {
    const shown = within(wanted, last);
    setSpan(shown && (shown[0] > 1 || shown[1] < last) ? spanText(shown) : "");
  };
  const each = { points: epochs, file, shared: { epochs: last, range, onSpan: choose } };
  return (
    <div>
      {epochs.length > 3 && <Range last={last} range={range} choose={choose} />}
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Losses {...each} log={log === "1"} onLog={(wanted) => setLog(wanted ? "1" : "")} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Quality {...each} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Rates {...each} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Pace {...each} />
        </Grid.Col>
      </Grid>
    </div>
  );
});

interface EachProps {
  points: EpochPoint[];
  file: string;
  shared: Pick<CurvesProps, "epochs" | "range" | "onSpan">;
}

// each computes its own curves: of ten thousand epochs React can do one after the other, and let clicks in between

function Losses({ points, file, shared, log, onLog }: EachProps & { log: boolean; onLog: (log: boolean) => void }) {
  const { t } = useTranslation();
  const curves = useMemo(
    () =>
      LOSSES.flatMap((name, i) => [
        curve(points, t(`metric.${name}`), i, (point) => point.train[name]),
        curve(points, `${t(`metric.${name}`)} (val)`, i, (point) => point.val[name], true),
      ]),
    [points, t],
  );
  const texts = { title: t("run.loss"), hint: t("run.lossHint"), empty: t("run.noPoints") };
  return <Figure {...texts} curves={curves} file={`${file}-loss`} testId="loss-chart" log={log} onLog={onLog} {...shared} />;
}

function Quality({ points, file, shared }: EachProps) {
  const { t } = useTranslation();
  const curves = useMemo(
    () => METRICS.map((name, i) => curve(points, t(`metric.${name}`), i, (point) => point.metrics[name])),
    [points, t],
  );
  return <Figure title={t("run.quality")} curves={curves} file={`${file}-metrics`} max={1} testId="map-chart" empty={t("run.noPoints")} {...shared} />;
}

function Rates({ points, file, shared }: EachProps) {
  const { t } = useTranslation();
  const curves = useMemo(() => rateCurves(points), [points]);
  return <Figure title={t("run.rate")} curves={curves} file={`${file}-lr`} testId="lr-chart" height={160} {...shared} />;
}

function Pace({ points, file, shared }: EachProps) {
  const { t } = useTranslation();
  const curves = useMemo(() => [curve(points, t("run.seconds"), 3, (point) => point.seconds)], [points, t]);
  return <Figure title={t("run.pace")} curves={curves} file={`${file}-seconds`} testId="pace-chart" height={160} {...shared} />;
}

/** One curve per group of weights; one alone where all have the same rate. */
function rateCurves(epochs: readonly EpochPoint[]): Curve[] {
  const found = new Set<string>();
  for (const { rates } of epochs) for (const name in rates) found.add(name);
  const all = [...found].sort().map((name, i) => curve(epochs, name, i, (point) => point.rates[name]));
  const same = all.every((each) => isSame(each, all[0]));
  return same ? all.slice(0, 1).map((each) => ({ ...each, name: "lr" })) : all;
}

function isSame(a: Curve, b: Curve | undefined): boolean {
  return a.points.length === b?.points.length && a.points.every(([x, y], at) => x === b.points[at]?.[0] && y === b.points[at]?.[1]);
}

/** The part of a stretch that the run has; null = all, also those to come. */
function within(span: Span, last: number): Span {
  if (span === null) return null;
  const [from, to] = [Math.max(1, span[0]), Math.min(last, span[1])];
  return to > from ? [from, to] : null;
}

function Range(props: { last: number; range: Span; choose: (range: Span) => void }) {
  const { t } = useTranslation();
  return (
    <Group gap="sm" mb="sm" px="xs" wrap="nowrap">
      <Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }}>
        {t("run.range")}
      </Text>
      <RangeSlider
        flex={1}
        size="sm"
        min={1}
        max={props.last}
        minRange={1}
        label={(value) => value}
        value={props.range ?? [1, props.last]}
        onChange={props.choose}
        thumbFromLabel={t("run.rangeFrom")}
        thumbToLabel={t("run.rangeTo")}
        data-testid="range"
      />
      <ZoomHint zoomed={props.range !== null} showAll={() => props.choose(null)} />
    </Group>
  );
}
