// One curve per run over the epochs, of the quantity that is chosen.
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import type { HistoryRow } from "../../api/types";
import { Figure } from "../../charts/Figure";
import { spanOf, spanText } from "../../charts/span";
import { asNumber } from "../../live/frames";
import { useTyped } from "../../parts/useTyped";
import { SHARES, columnOf } from "./columns";
import { Quantity } from "./Quantity";

export function Overlay({ names, histories }: { names: string[]; histories: HistoryRow[][] }) {
  const { t } = useTranslation();
  const [query] = useSearchParams();
  const [span, setSpan] = useTyped("epochs");
  const metric = query.get("metric") ?? "map50_95";
  const column = columnOf(metric);
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
      <Quantity />
      <Figure title={t("compare.curves")} curves={curves} epochs={last} {...(SHARES.has(metric) ? { max: 1 } : {})} file={`compare-${metric}`} testId="overlay" range={spanOf(span)} onSpan={(wanted) => setSpan(spanText(wanted))} />
    </div>
  );
}
