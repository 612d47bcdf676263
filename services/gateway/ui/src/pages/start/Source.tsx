// What to learn from: mode, dataset, architecture or base weights.
import { Anchor, Autocomplete, NativeSelect, SegmentedControl, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useDatasets, useTrainings } from "../../api/queries";
import type { ModelEntry } from "../../api/types";
import { Section } from "../../parts/parts";
import type { FormProps } from "./Field";

const HINTS: Record<string, string> = { full: "Full", transfer: "Transfer", continue: "Continue" };

export function Source({ fields, errors, change, models }: FormProps & { models: ModelEntry[] }) {
  const { t } = useTranslation();
  const datasets = useDatasets();
  const mode = fields["mode"] ?? "transfer";
  return (
    <Section>
      <Stack gap="sm">
        <div>
          <Text size="sm" fw={500} mb={4} id="mode-label">
            {t("form.mode")}
          </Text>
          <SegmentedControl
            fullWidth
            aria-labelledby="mode-label"
            value={mode}
            onChange={(value) => change("mode", value)}
            data-testid="mode"
            data={[
              { value: "transfer", label: t("form.modeTransfer") },
              { value: "full", label: t("form.modeFull") },
              { value: "continue", label: t("form.modeContinue") },
            ]}
          />
          <Text size="xs" c="dimmed" mt={4}>
            {t(`form.mode${HINTS[mode] ?? "Full"}Hint`)}
          </Text>
        </div>
        <Autocomplete
          label={t("form.dataset")}
          description={t("form.datasetHint")}
          required
          value={fields["dataset_path"] ?? ""}
          onChange={(value) => change("dataset_path", value)}
          error={errors["dataset_path"]}
          data={[...new Set((datasets.data ?? []).map((each) => each.name))]}
          data-testid="dataset_path"
        />
        {fields["dataset_path"] && (
          <Anchor component={Link} size="xs" w="fit-content" to={`/datasets?path=${encodeURIComponent(fields["dataset_path"])}`}>
            {t("form.checkFirst")}
          </Anchor>
        )}
        {mode !== "full" && <Base mode={mode} {...{ fields, errors, change, models }} />}
        {mode === "full" && (
          <NativeSelect
            label={t("form.architecture")}
            value={fields["model_architecture"]}
            onChange={(event) => change("model_architecture", event.target.value)}
            error={errors["model_architecture"]}
            data-testid="model_architecture"
            data={["n", "s", "m", "l", "x"].map((size) => ({
              value: `yolov8${size}`,
              label: `YOLOv8${size} · ${t(`form.arch${size.toUpperCase()}`)}`,
            }))}
          />
        )}
      </Stack>
    </Section>
  );
}

function Base({ fields, errors, change, models, mode }: FormProps & { models: ModelEntry[]; mode: string }) {
  const { t } = useTranslation();
  const runs = useTrainings("completed");
  const names =
    mode === "continue"
      ? (runs.data ?? []).map((run) => `${run.project_name}/${run.experiment_name}`)
      : models.map((each) => each.name);
  return (
    <Autocomplete
      label={t("form.base")}
      description={t(mode === "continue" ? "form.baseHintContinue" : "form.baseHintTransfer")}
      required
      value={fields["base_model_path"] ?? ""}
      onChange={(value) => change("base_model_path", value)}
      error={errors["base_model_path"]}
      data={[...new Set(names)]}
      data-testid="base_model_path"
    />
  );
}
