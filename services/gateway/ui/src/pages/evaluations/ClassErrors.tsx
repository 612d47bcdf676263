// The classes with the most errors as bars: wrong boxes and missed labels; a bar opens its boxes.
import { memo, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Panels } from "../../api/panels";
import { Chart, axis, baseOption, useInk } from "../../charts/Chart";
import { Dim, Section } from "../../parts/parts";
import type { Selection } from "./selection";

const MOST = 20;
const KINDS = ["fp", "fn"] as const;

export const ClassErrors = memo(function ClassErrors({ found, onOpen }: { found: Panels; onOpen: (selection: Selection) => void }) {
  const { t } = useTranslation();
  const ink = useInk();
  const rows = useMemo(
    () =>
      Object.entries(found.class_metrics)
        .filter(([, row]) => row.fp + row.fn > 0)
        .sort(([, a], [, b]) => b.fp + b.fn - a.fp - a.fn)
        .slice(0, MOST),
    [found],
  );
  const option = useMemo(
    () => ({
      ...baseOption(ink),
      xAxis: axis(ink, { type: "value", minInterval: 1 }),
      yAxis: axis(ink, { type: "category", inverse: true, data: rows.map(([name]) => name), splitLine: { show: false } }),
      series: KINDS.map((kind, at) => ({
        id: kind,
        name: t(`evals.kind.${kind}`),
        type: "bar",
        stack: "errors",
        barMaxWidth: 16,
        color: ink.series[at === 0 ? 4 : 1],
        data: rows.map(([name, row]) => ({ value: row[kind], of: { kind, name } })),
      })),
    }),
    [rows, ink, t],
  );
  const pick = (_: unknown, data: unknown) => {
    const of = (data as { of?: { kind: (typeof KINDS)[number]; name: string } } | null)?.of;
    if (of) onOpen({ of: "class", ...of });
  };
  return (
    <Section title={t("evals.classErrors")}>
      <Dim>{t("evals.classErrorsHint", { count: MOST })}</Dim>
      {rows.length === 0 ? (
        <Dim>{t("evals.noErrors")}</Dim>
      ) : (
        <Chart option={option} height={70 + rows.length * 24} label={t("evals.classErrors")} testId="class-errors" points={rows.length} onPick={pick} />
      )}
    </Section>
  );
});
