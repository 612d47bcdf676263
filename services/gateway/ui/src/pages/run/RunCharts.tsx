// The run's live curves: losses (train solid, validation dashed), quality, learning rate, seconds; one range for all.
import { Grid, Group, RangeSlider, Text } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import type { Curve } from "../../charts/Curves";
import { Figure } from "../../charts/Figure";
import type { EpochPoint } from "../../live/state";
import { curve } from "./merge";

const LOSSES = ["box_loss", "cls_loss", "dfl_loss"];
const METRICS = ["map50", "map50_95", "precision", "recall"];

export function RunCharts({ epochs, total, file }: { epochs: EpochPoint[]; total: number; file: string }) {
  const { t } = useTranslation();
  const [query, setQuery] = useSearchParams();
  const last = Math.max(2, total, epochs.at(-1)?.epoch ?? 0);
  const range = rangeOf(query, last);
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
  const rates = useMemo(() => rateCurves(epochs), [epochs]);
  const pace = useMemo(() => [curve(epochs, t("run.seconds"), 3, (point) => point.seconds)], [epochs, t]);
  const shared = { epochs: last, range };
  return (
    <div>
      {epochs.length > 3 && <Range last={last} range={range} choose={(next) => setQuery((before) => withRange(before, next, last), { replace: true })} />}
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Figure
            title={t("run.loss")}
            hint={t("run.lossHint")}
            curves={losses}
            file={`${file}-loss`}
            testId="loss-chart"
            empty={t("run.noPoints")}
            log={query.get("log") === "1"}
            onLog={(log) => setQuery((before) => (log ? before.set("log", "1") : before.delete("log"), before), { replace: true })}
            {...shared}
          />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Figure title={t("run.quality")} curves={metrics} file={`${file}-metrics`} max={1} testId="map-chart" empty={t("run.noPoints")} {...shared} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Figure title={t("run.rate")} curves={rates} file={`${file}-lr`} testId="lr-chart" height={160} {...shared} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Figure title={t("run.pace")} curves={pace} file={`${file}-seconds`} testId="pace-chart" height={160} {...shared} />
        </Grid.Col>
      </Grid>
    </div>
  );
}

/** One curve per group of weights; one alone where all have the same rate. */
function rateCurves(epochs: readonly EpochPoint[]): Curve[] {
  const names = [...new Set(epochs.flatMap((point) => Object.keys(point.rates)))].sort();
  const all = names.map((name, i) => curve(epochs, name, i, (point) => point.rates[name]));
  const same = all.every((each) => JSON.stringify(each.points) === JSON.stringify(all[0]?.points));
  return same ? all.slice(0, 1).map((each) => ({ ...each, name: "lr" })) : all;
}

export function rangeOf(query: URLSearchParams, last: number): [number, number] | null {
  const from = Number(query.get("from") ?? 1);
  const to = Number(query.get("to") ?? last);
  if (!(from >= 1 && to > from) || (from === 1 && to >= last)) return null;
  return [from, Math.min(to, last)];
}

function withRange(query: URLSearchParams, [from, to]: [number, number], last: number): URLSearchParams {
  if (from > 1) query.set("from", String(from));
  else query.delete("from");
  if (to < last) query.set("to", String(to));
  else query.delete("to");
  return query;
}

function Range(props: { last: number; range: [number, number] | null; choose: (range: [number, number]) => void }) {
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
    </Group>
  );
}
