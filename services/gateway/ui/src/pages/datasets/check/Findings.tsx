// Findings grouped by rule, the heaviest first; one rule opens at a time, its images with the line at fault marked.
import { Badge, Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useRules } from "../../../api/datasets";
import type { DatasetReport, Finding, RuleFacts } from "../../../api/rest.gen";
import { count } from "../../../parts/format";
import { Dim, Section } from "../../../parts/parts";
import { useView } from "../../../parts/view";
import { COLOURS } from "./Check";
import { FindingImages } from "./FindingImages";

type Severity = Finding["severity"];
const ORDER: Severity[] = ["E", "W", "I"];

export interface RuleFound {
  rule: string;
  total: number;
  severity: Severity;
  fix: Finding["fix"];
}

/** Rules of a report by weight, then by number of findings. */
export function rulesFound(report: DatasetReport): RuleFound[] {
  const first = new Map<string, Finding>();
  for (const finding of report.findings) if (!first.has(finding.rule)) first.set(finding.rule, finding);
  return Object.entries(report.summary)
    .map(([rule, total]) => {
      const example = first.get(rule);
      return { rule, total, severity: example?.severity ?? "I", fix: example?.fix ?? null };
    })
    .sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity) || b.total - a.total);
}

export function useRuleTitle(): (rule: string) => string {
  const { i18n } = useTranslation();
  const rules = useRules().data;
  return (rule) => titleOf(rules?.get(rule), i18n.language) ?? rule;
}

function titleOf(rule: RuleFacts | undefined, language: string): string | undefined {
  return rule?.title[language === "ja" ? "ja" : "en"];
}

export function Findings({ report }: { report: DatasetReport }) {
  const { t } = useTranslation();
  const [view, setView] = useView();
  const found = rulesFound(report);
  const wanted = view.get("severity");
  const totals = (severity: Severity) =>
    found.filter((each) => each.severity === severity).reduce((sum, each) => sum + each.total, 0);
  return (
    <Section
      title={t("data.findings")}
      testId="findings"
      aside={
        <Group gap={6}>
          {ORDER.filter((severity) => totals(severity) > 0).map((severity) => (
            <button
              key={severity}
              type="button"
              className="chip"
              aria-pressed={wanted === severity}
              onClick={() => setView({ severity: wanted === severity ? null : severity }, { replace: true })}
              data-testid={`severity-${severity}`}
            >
              <span className="dot" style={{ display: "inline-block", "--dot": `var(--mantine-color-${COLOURS[severity]}-6)` } as React.CSSProperties} />{" "}
              {count(totals(severity))} <small>{t(`data.severity.${severity}`)}</small>
            </button>
          ))}
        </Group>
      }
    >
      {found.length === 0 && <Dim>{t("data.clean")}</Dim>}
      <Stack gap={0} component="ul" className="plain changes">
        {found
          .filter((each) => wanted === null || each.severity === wanted)
          .map((each) => (
            <Rule key={each.rule} report={report} found={each} />
          ))}
      </Stack>
    </Section>
  );
}

function Rule({ report, found }: { report: DatasetReport; found: RuleFound }) {
  const { t, i18n } = useTranslation();
  const [view, setView] = useView();
  const rule = useRules().data?.get(found.rule);
  const open = view.get("rule") === found.rule;
  const sentence = rule?.sentence[i18n.language === "ja" ? "ja" : "en"];
  return (
    <li>
      <button
        type="button"
        className="rule"
        aria-expanded={open}
        onClick={() => setView({ rule: open ? null : found.rule, cursor: null, image: null }, { replace: true })}
        data-testid="finding-group"
        data-rule={found.rule}
      >
        <Badge color={COLOURS[found.severity]} variant="light" tt="none" miw="3.2rem" c="var(--mantine-color-text)">
          {count(found.total)}
        </Badge>
        <span>
          <Text size="sm" fw={600} span>
            {titleOf(rule, i18n.language) ?? found.rule}
          </Text>{" "}
          <Text size="xs" c="dimmed" span className="mono">
            {found.rule}
          </Text>
        </span>
        <Text size="xs" c="dimmed" ml="auto" span style={{ whiteSpace: "nowrap" }}>
          {t(`data.kind.${found.severity}`)}
          {found.fix && ` · ${t(`data.fixKind.${found.fix}`)}`}
        </Text>
      </button>
      {open && (
        <div className="rule-open">
          {sentence && (
            <Text size="sm" mb="sm">
              {sentence}
            </Text>
          )}
          <FindingImages check={report.validation_id} rule={found.rule} classes={report.classes} />
        </div>
      )}
    </li>
  );
}
