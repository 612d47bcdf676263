// One curve per run over the epochs, of the quantity that is chosen.
import { NativeSelect } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import type { HistoryRow } from "../../api/types";
import { Figure } from "../../charts/Figure";
import { asNumber } from "../../live/frames";

const COLUMNS: Record<string, string> = {
  map50_95: "metrics/mAP50-95(B)",
  map50: "metrics/mAP50(B)",
  precision: "metrics/precision(B)",
  recall: "metrics/recall(B)",
  box_loss: "val/box_loss",
  cls_loss: "val/cls_loss",
  dfl_loss: "val/dfl_loss",
  train_box_loss: "train/box_loss",
  train_cls_loss: "train/cls_loss",
  train_dfl_loss: "train/dfl_loss",
  seconds: "seconds",
};
const SHARES = new Set(["map50_95", "map50", "precision", "recall"]);

export function Overlay({ names, histories }: { names: string[]; histories: HistoryRow[][] }) {
  const { t } = useTranslation();
  const [query, setQuery] = useSearchParams();
  const metric = query.get("metric") ?? "map50_95";
  const column = COLUMNS[metric] ?? COLUMNS["map50_95"] ?? "";
  const curves = useMemo(
    () =>
      histories.map((rows, at) => ({
        name: names[at] ?? "",
        color: at,
        dashed: at >= 6,
        points: rows.map((row): [number, number | null] => [Number(row["epoch"]), asNumber(row[column]) ?? null]),
      })),
    [histories, names, column],
  );
  const last = curves.flatMap((each) => each.points).reduce((most, [epoch]) => Math.max(most, epoch), 2);
  return (
    <div>
      <NativeSelect
        size="xs"
        mb="xs"
        maw={260}
        aria-label={t("compare.quantity")}
        value={metric}
        onChange={(event) => setQuery((before) => (before.set("metric", event.target.value), before), { replace: true })}
        data={Object.keys(COLUMNS).map((value) => ({ value, label: t(`compare.of_.${value}`) }))}
        data-testid="quantity"
      />
      <Figure title={t("compare.curves")} curves={curves} epochs={last} {...(SHARES.has(metric) ? { max: 1 } : {})} file={`compare-${metric}`} testId="overlay" />
    </div>
  );
}
