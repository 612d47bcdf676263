// Thresholds per class that serve an aim better than one for all: chosen on one half of the images, measured on the other.
import { Button, Group, Table } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSection } from "../../api/judgements";
import type { AtThreshold, ThresholdTable } from "../../api/rest.gen";
import { saveText } from "../../charts/table";
import { share } from "../../parts/format";
import { Dim, Section, Wide } from "../../parts/parts";

export function Thresholds({ id }: { id: string }) {
  const { t } = useTranslation();
  const { data: tables = [] } = useSection(id, "thresholds");
  const [first] = tables;
  if (!first) return null;
  const save = (table: ThresholdTable) =>
    saveText(`thresholds-${table.target.kind}.json`, JSON.stringify(table.thresholds, null, 2), "application/json");
  const before = first.total.with_one_threshold;
  return (
    <Section title={t("evals.thresholds")} testId="thresholds">
      <Dim>{t("evals.thresholdsHint")}</Dim>
      <Wide label={t("evals.thresholds")}>
        <Table verticalSpacing={4} miw={560}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("evals.aim")}</Table.Th>
              {["precision", "recall", "f1_score"].map((name) => (
                <Table.Th key={name} ta="right">
                  {t(`metric.${name}`)}
                </Table.Th>
              ))}
              <Table.Th ta="right">{t("evals.alarms")}</Table.Th>
              <Table.Th />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            <Row name={t("evals.oneForAll", { value: before.threshold.toFixed(2) })} rates={before} />
            {tables.map((table) => (
              <Row key={table.target.kind} name={t(`evals.aims.${table.target.kind}`, { value: table.target.value })} rates={table.total.measured_on}>
                <Group justify="flex-end">
                  <Button size="compact-xs" variant="default" onClick={() => save(table)} data-testid={`save-${table.target.kind}`}>
                    {t("evals.saveThresholds")}
                  </Button>
                </Group>
              </Row>
            ))}
          </Table.Tbody>
        </Table>
      </Wide>
    </Section>
  );
}

function Row({ name, rates, children }: { name: string; rates: AtThreshold; children?: React.ReactNode }) {
  return (
    <Table.Tr>
      <Table.Td miw={150}>{name}</Table.Td>
      {[rates.precision, rates.recall, rates.f1].map((value, at) => (
        <Table.Td key={at} ta="right">
          {share(value)}
        </Table.Td>
      ))}
      <Table.Td ta="right">{rates.false_alarms_per_1000?.toFixed(1) ?? "—"}</Table.Td>
      <Table.Td>{children}</Table.Td>
    </Table.Tr>
  );
}
