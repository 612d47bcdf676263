// Labels called wrong, as one patch of the dataset: looked at as a difference first, then a new version.
import { Button, Group, Text } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { start } from "../../../api/datasets";
import { useWholeImages } from "../../../api/panels";
import { Dim, Section, Trouble } from "../../../parts/parts";
import { EditFlow } from "../../datasets/edits/EditFlow";
import { FIXES, patchesOf, textOfMarks } from "../marks";
import type { EvaluationState } from "../state";

interface CorrectionsProps {
  id: string;
  state: EvaluationState;
  dataset: string;
  split: string;
}

export function Corrections({ id, state, dataset, split }: CorrectionsProps) {
  const { t } = useTranslation();
  const { marks, point } = state;
  const numbers = useMemo(() => [...new Set(marks.map((mark) => mark.image))].sort((a, b) => a - b), [marks]);
  const { images, loading, error } = useWholeImages(id, numbers, point.iou);
  if (marks.length === 0) return null;
  const patches = patchesOf(marks, images, split);
  return (
    <Section
      title={t("evals.corrections", { count: marks.length })}
      testId="corrections"
      aside={
        <Button size="compact-xs" variant="subtle" color="gray" onClick={() => state.mark(() => [])} data-testid="forget-marks">
          {t("evals.forget")}
        </Button>
      }
    >
      <Group gap="md" mb="xs">
        {FIXES.map((fix) => [fix, marks.filter((mark) => mark.fix === fix).length] as const)
          .filter(([, n]) => n > 0)
          .map(([fix, n]) => (
            <Text key={fix} size="sm">
              {t(`evals.fix.${fix}`)} <b>{n}</b>
            </Text>
          ))}
        <Dim>{t("evals.correctionsHint", { dataset, count: patches.length })}</Dim>
      </Group>
      {error ? <Trouble error={error} /> : null}
      <EditFlow
        key={textOfMarks(marks)}
        begin={(dryRun) => start.edit(dataset, [{ op: "patch_labels", patches }], dryRun)}
        disabled={loading || patches.length === 0}
        label={t("evals.previewFix")}
        applyLabel={t("evals.applyFix")}
      />
    </Section>
  );
}
