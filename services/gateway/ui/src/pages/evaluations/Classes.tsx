// Every class at the operating point, the weakest first; its counts open the boxes behind them.
import { Table, UnstyledButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Panels } from "../../api/panels";
import { count, share } from "../../parts/format";
import { Dim, Section } from "../../parts/parts";
import type { Selection } from "./selection";

const KINDS = ["tp", "fp", "fn"] as const;

export function Classes({ found, onOpen }: { found: Panels; onOpen: (selection: Selection) => void }) {
  const { t } = useTranslation();
  const rows = Object.entries(found.class_metrics).sort(
    ([, a], [, b]) => Number(b.support > 0) - Number(a.support > 0) || a.f1 - b.f1,
  );
  return (
    <Section title={t("evals.perClass")} testId="per-class" aside={<Dim>{t("evals.weakestFirst")}</Dim>}>
      <div className="scroll-x tall">
        <Table verticalSpacing={4} stickyHeader>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("metric.class")}</Table.Th>
              {(["precision", "recall", "f1_score", "ap50", "ap50_95", "support"] as const).map((name) => (
                <Table.Th key={name} ta="right">
                  {t(`metric.${name}`)}
                </Table.Th>
              ))}
              {KINDS.map((kind) => (
                <Table.Th key={kind} ta="right">
                  {kind.toUpperCase()}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map(([name, row]) => (
              <Table.Tr key={name}>
                <Table.Td>{name}</Table.Td>
                {[row.precision, row.recall, row.f1, row.ap50, row.ap50_95].map((value, at) => (
                  <Table.Td key={at} ta="right">
                    {share(value)}
                  </Table.Td>
                ))}
                <Table.Td ta="right">{count(row.support)}</Table.Td>
                {KINDS.map((kind) => (
                  <Table.Td key={kind} ta="right">
                    <UnstyledButton
                      className="number"
                      disabled={row[kind] === 0}
                      onClick={() => onOpen({ of: "class", kind, name })}
                      aria-label={`${name}: ${t(`evals.kind.${kind}`)} ${count(row[kind])}`}
                    >
                      {count(row[kind])}
                    </UnstyledButton>
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </Section>
  );
}
