// Mending what a check found: safe fixes are chosen already, others on request; previewed, applied as a version, undone.
import { Checkbox, Group, Stack, Text } from "@mantine/core";
import { useNavigate } from "react-router";
import { useTranslation } from "react-i18next";
import { start } from "../../../api/datasets";
import type { DatasetReport } from "../../../api/rest.gen";
import { count } from "../../../parts/format";
import { Section } from "../../../parts/parts";
import { useView } from "../../../parts/view";
import { EditFlow } from "../edits/EditFlow";
import { rulesFound, useRuleTitle } from "./Findings";

export function Fix({ report }: { report: DatasetReport }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [view, setView] = useView();
  const title = useRuleTitle();
  const fixable = rulesFound(report).filter((each) => each.fix !== null);
  if (fixable.length === 0) return null;
  const safe = fixable.filter((each) => each.fix === "auto").map((each) => each.rule);
  const told = view.get("fix");
  const chosen = told === null ? safe : fixable.map((each) => each.rule).filter((rule) => told.split(",").includes(rule));
  const started = view.has("preview") || view.has("applied");
  const toggle = (rule: string) => {
    const next = chosen.includes(rule) ? chosen.filter((each) => each !== rule) : [...chosen, rule];
    setView({ fix: next.join(",") || "none" }, { replace: true });
  };
  const findings = fixable.filter((each) => chosen.includes(each.rule)).reduce((sum, each) => sum + each.total, 0);
  return (
    <Section title={t("data.fixTitle")} testId="fix">
      <Text size="sm" mb="sm">
        {t("data.fixText")}
      </Text>
      {!started && (
        <Stack gap={6} mb="sm">
          {(["auto", "opt"] as const).map((kind) => {
            const rules = fixable.filter((each) => each.fix === kind);
            if (rules.length === 0) return null;
            return (
              <fieldset key={kind} className="choices">
                <legend>{t(`data.fixLegend.${kind}`)}</legend>
                <Group style={{ gap: "0.4rem 1.2rem" }}>
                  {rules.map((each) => (
                    <Checkbox
                      key={each.rule}
                      size="xs"
                      checked={chosen.includes(each.rule)}
                      onChange={() => toggle(each.rule)}
                      label={`${title(each.rule)} (${count(each.total)})`}
                      data-testid={`fix-${each.rule}`}
                    />
                  ))}
                </Group>
              </fieldset>
            );
          })}
        </Stack>
      )}
      <EditFlow
        begin={(dryRun) => start.fix(report.validation_id, chosen, dryRun)}
        disabled={chosen.length === 0}
        label={t("data.previewFix", { count: findings, n: count(findings) })}
        applyLabel={t("data.applyFix")}
        onApplied={(done) => {
          const wanted = { dataset_path: done.name ?? "", mode: report.mode as "fast" | "standard" | "full" };
          void start.check(wanted).then((id) => navigate(`/datasets/checks/${id}`));
        }}
      />
    </Section>
  );
}
