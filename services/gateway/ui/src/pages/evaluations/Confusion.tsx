// The confusion matrix with background row and column: every cell opens its boxes.
import { Group, SegmentedControl, UnstyledButton } from "@mantine/core";
import { memo, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Panels } from "../../api/panels";
import { Matrix } from "../../charts/Matrix";
import { Dim, Section } from "../../parts/parts";
import { useView } from "../../parts/view";
import { type Selection, shown } from "./selection";

const MOST_WHOLE = 24;
const PAIRS = 8;

export const Confusion = memo(function Confusion({ found, onOpen }: { found: Panels; onOpen: (selection: Selection) => void }) {
  const { t } = useTranslation();
  const [view, setView] = useView();
  const { names } = found.confusion;
  const of = view.get("matrix") ?? (names.length > MOST_WHOLE ? "errors" : "all");
  const asShare = view.get("cells") === "share";
  const matrix = useMemo(() => shown(found, of === "errors"), [found, of]);
  const open = (row: number, column: number) =>
    onOpen({ of: "cell", row: matrix.names[row] ?? "", column: matrix.names[column] ?? "" });
  return (
    <Section title={t("evals.matrix")}>
      <Group gap="xs" mb="xs">
        <SegmentedControl
          size="xs"
          aria-label={t("evals.matrixOf")}
          value={of}
          onChange={(value) => setView({ matrix: value }, { replace: true })}
          data={["errors", "all"].map((value) => ({ value, label: t(`evals.matrixOf_.${value}`) }))}
          data-testid="matrix-of"
        />
        <SegmentedControl
          size="xs"
          aria-label={t("evals.cells")}
          value={asShare ? "share" : "count"}
          onChange={(value) => setView({ cells: value === "share" ? "share" : null }, { replace: true })}
          data={["count", "share"].map((value) => ({ value, label: t(`evals.cells_.${value}`) }))}
        />
      </Group>
      <Dim>{t("evals.matrixHint")}</Dim>
      <Matrix
        names={matrix.names}
        counts={matrix.counts}
        label={t("evals.matrix")}
        predicted={t("evals.predicted")}
        actual={t("evals.actual")}
        asShare={asShare}
        onCell={open}
      />
      <Pairs found={found} onOpen={onOpen} />
    </Section>
  );
});

/** The fullest cells off the diagonal, as buttons: also for keys and screen readers. */
function Pairs({ found, onOpen }: { found: Panels; onOpen: (selection: Selection) => void }) {
  const { t } = useTranslation();
  const { names, cells } = found.confusion;
  const pairs = cells.filter(([row, column]) => row !== column).slice(0, PAIRS);
  if (pairs.length === 0) return null;
  return (
    <Group gap="xs" mt="xs" role="group" aria-label={t("evals.pairs")}>
      <Dim>{t("evals.pairs")}</Dim>
      {pairs.map(([r, c, n]) => {
        const [row, column] = [names[r] ?? "", names[c] ?? ""];
        return (
          <UnstyledButton key={`${r}.${c}`} className="chip" onClick={() => onOpen({ of: "cell", row, column })} data-testid="confused-pair">
            {t("evals.pair", { actual: column, predicted: row })} <b>{n}</b>
          </UnstyledButton>
        );
      })}
    </Group>
  );
}
