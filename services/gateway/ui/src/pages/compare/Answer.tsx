// The answer first: better, worse or cannot tell, in a sentence, then every number with its interval, then the classes.
import { Badge, Button, Group, Stack, Table, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ComparedCandidate, ComparisonReport, Difference } from "../../api/rest.gen";
import { Dim, Section, Wide } from "../../parts/parts";
import { Interval, reach } from "./Interval";

const COLORS = { better: "teal", worse: "red", cannot_tell: "gray" } as const;
const ORDER = ["map50_95", "false_alarms_per_1000", "map50", "precision", "recall", "f1_score", "accuracy"];
const FEW = 12;

interface AnswerProps {
  report: ComparisonReport;
  candidate: ComparedCandidate;
  names: [base: string, candidate: string];
}

export function Answer({ report, candidate, names }: AnswerProps) {
  const { t, i18n } = useTranslation();
  return (
    <Section testId="answer">
      <Group gap="sm" align="center" wrap="nowrap">
        <Badge size="xl" radius="sm" tt="none" color={COLORS[candidate.verdict]} miw="max-content" data-testid="verdict" data-verdict={candidate.verdict}>
          {t(`compare.verdict.${candidate.verdict}`)}
        </Badge>
        <Text fw={600} data-testid="sentence">
          {i18n.language === "ja" ? candidate.sentence.ja : candidate.sentence.en}
        </Text>
      </Group>
      <Text size="xs" c="dimmed" mt={6}>
        {t("compare.on", { images: report.images, labels: report.labels, base: names[0], candidate: names[1] })}{" "}
        {report.notes.join("; ")}
      </Text>
      <Metrics candidate={candidate} />
      <details>
        <summary>
          <Text span size="xs" c="dimmed">
            {t("compare.rule")}
          </Text>
        </summary>
        <Text size="xs" c="dimmed" mt={4}>
          {t("compare.ruleText", { resamples: report.resamples })}
        </Text>
      </details>
    </Section>
  );
}

function Metrics({ candidate }: { candidate: ComparedCandidate }) {
  const { t } = useTranslation();
  const shares = ORDER.filter((name) => name !== "false_alarms_per_1000").map((name) => candidate.metrics[name]);
  return (
    <Wide label={t("compare.number")}>
      <Table verticalSpacing={4} mt="sm" data-testid="metrics">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("compare.number")}</Table.Th>
            <Table.Th ta="right">{t("compare.base")}</Table.Th>
            <Table.Th ta="right">{t("compare.candidate")}</Table.Th>
            <Table.Th ta="right">{t("compare.difference")}</Table.Th>
            <Table.Th miw={130}>{t("compare.interval")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {ORDER.map((name) => {
            const each = candidate.metrics[name];
            if (!each) return null;
            const alarms = name === "false_alarms_per_1000";
            return (
              <Table.Tr key={name}>
                <Table.Td>
                  <Text size="sm" fw={each.primary ? 650 : 400}>
                    {t(`metric.${name}`)}
                    {each.primary && (
                      <Text span size="xs" c="dimmed">
                        {" "}
                        {t("compare.decides")}
                      </Text>
                    )}
                  </Text>
                </Table.Td>
                <Table.Td ta="right">{number(each.base, alarms)}</Table.Td>
                <Table.Td ta="right">{number(each.candidate, alarms)}</Table.Td>
                <Table.Td ta="right">{signed(each.delta, alarms)}</Table.Td>
                <Table.Td>
                  <Interval difference={each} most={alarms ? reach([each]) : reach(shares)} label={said(each, alarms, t)} />
                  <Text size="xs" c="dimmed">
                    {signed(each.low, alarms)} … {signed(each.high, alarms)}
                  </Text>
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}

const OUTCOMES = { win: "teal", loss: "red", cannot_tell: "gray", too_few_labels: "gray" } as const;

export function Classes({ candidate, pick }: { candidate: ComparedCandidate; pick: (name: string) => void }) {
  const { t } = useTranslation();
  const [all, setAll] = useState(false);
  const rows = all ? candidate.per_class : candidate.per_class.slice(0, FEW);
  const most = reach(candidate.per_class.map((row) => row.ap50_95));
  return (
    <Section title={t("compare.classes")} aside={<Dim>{t("compare.classesHint")}</Dim>} testId="class-differences">
      <Wide label={t("compare.classes")}>
        <Table verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("metric.class")}</Table.Th>
              <Table.Th>{t("compare.outcome")}</Table.Th>
              <Table.Th ta="right">{t("metric.support")}</Table.Th>
              <Table.Th ta="right">AP50-95</Table.Th>
              <Table.Th miw={130}>{t("compare.interval")}</Table.Th>
              <Table.Th ta="right">{t("compare.kind.broken")}</Table.Th>
              <Table.Th ta="right">{t("compare.kind.fixed")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={row.class}>
                <Table.Td>
                  <button type="button" className="number plain-button" onClick={() => pick(row.class)} aria-label={t("compare.openClass", { name: row.class })}>
                    {row.class}
                  </button>
                </Table.Td>
                <Table.Td>
                  <Badge size="sm" variant="light" tt="none" color={OUTCOMES[row.outcome]} miw="max-content">
                    {t(`compare.outcomes.${row.outcome}`)}
                  </Badge>
                </Table.Td>
                <Table.Td ta="right">{row.support}</Table.Td>
                <Table.Td ta="right" style={{ whiteSpace: "nowrap" }}>
                  {row.ap50_95 ? `${number(row.ap50_95.base)} → ${number(row.ap50_95.candidate)}` : "—"}
                </Table.Td>
                <Table.Td>{row.ap50_95 && <Interval difference={row.ap50_95} most={most} label={said(row.ap50_95, false, t)} />}</Table.Td>
                <Table.Td ta="right">{row.boxes.broken}</Table.Td>
                <Table.Td ta="right">{row.boxes.fixed}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Wide>
      <Stack gap={4} mt="xs">
        <Text size="xs" c="dimmed">
          {t("compare.classesNote")}
        </Text>
        {candidate.per_class.length > FEW && (
          <Button size="compact-xs" variant="subtle" w="fit-content" onClick={() => setAll(!all)}>
            {all ? t("compare.fewer") : t("compare.allClasses", { count: candidate.per_class.length })}
          </Button>
        )}
      </Stack>
    </Section>
  );
}

type T = ReturnType<typeof useTranslation>["t"];

function said(each: Difference, alarms: boolean, t: T): string {
  return t("compare.said", { delta: signed(each.delta, alarms), low: signed(each.low, alarms), high: signed(each.high, alarms) });
}

function number(value: number, alarms = false): string {
  return value.toFixed(alarms ? 1 : 3);
}

function signed(value: number, alarms = false): string {
  return `${value > 0 ? "+" : value < 0 ? "−" : "±"}${number(Math.abs(value), alarms)}`;
}
