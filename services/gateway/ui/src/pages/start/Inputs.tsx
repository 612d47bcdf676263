// The inputs of the start form in three groups: what to learn from, the main numbers, the advanced ones.
import { Anchor, Autocomplete, Badge, Collapse, Fieldset, NativeSelect, SegmentedControl, SimpleGrid, Stack, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useDatasets } from "../../api/queries";
import type { ModelEntry } from "../../api/types";
import { Section } from "../../parts/parts";
import { ADVANCED, DEFAULTS, type Fields } from "./fields";

interface InputsProps {
  fields: Fields;
  errors: Record<string, string>;
  change: (name: string, value: string) => void;
}

const HINTS: Record<string, string> = { full: "Full", transfer: "Transfer", continue: "Continue" };

export function Source({ fields, errors, change, models }: InputsProps & { models: ModelEntry[] }) {
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
          <Anchor component={Link} size="xs" to={`/datasets?path=${encodeURIComponent(fields["dataset_path"])}`}>
            {t("form.checkFirst")}
          </Anchor>
        )}
        {mode !== "full" && (
          <Autocomplete
            label={t("form.base")}
            description={t(mode === "continue" ? "form.baseHintContinue" : "form.baseHintTransfer")}
            required
            value={fields["base_model_path"] ?? ""}
            onChange={(value) => change("base_model_path", value)}
            error={errors["base_model_path"]}
            data={[...new Set(models.map((each) => each.name))]}
            data-testid="base_model_path"
          />
        )}
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

const OPTIMIZERS = ["SGD", "Adam", "Adamax", "AdamW", "NAdam", "RAdam", "RMSProp", "MuSGD", "auto"];

export function Basics({ fields, errors, change }: InputsProps) {
  const { t } = useTranslation();
  const text = (name: string, label: string, description?: string, mode?: "numeric" | "decimal") => (
    <TextInput
      label={label}
      placeholder={description}
      value={fields[name] ?? ""}
      onChange={(event) => change(name, event.target.value)}
      error={errors[name]}
      inputMode={mode}
      data-testid={name}
    />
  );
  return (
    <Section>
      <SimpleGrid cols={{ base: 2, sm: 3 }} spacing="sm">
        {text("epochs", t("form.epochs"), undefined, "numeric")}
        {text("batch_size", t("form.batch"), t("form.batchHint"))}
        {text("imgsz", t("form.imgsz"), t("form.imgszHint"), "numeric")}
        {text("learning_rate", t("form.rate"), undefined, "decimal")}
        <NativeSelect
          label={t("form.optimizer")}
          value={fields["optimizer"]}
          onChange={(event) => change("optimizer", event.target.value)}
          error={errors["optimizer"]}
          data={OPTIMIZERS}
        />
        <NativeSelect
          label={t("form.priority")}
          value={fields["priority"]}
          onChange={(event) => change("priority", event.target.value)}
          data={["low", "normal", "high"].map((value) => ({ value, label: t(`form.${value}`) }))}
        />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" mt="sm">
        {text("project_name", t("form.project"))}
        {text("experiment_name", t("form.experiment"), t("form.experimentHint"))}
      </SimpleGrid>
    </Section>
  );
}

const LABELS: Record<string, [label: string, hint?: string]> = {
  patience: ["form.patience", "form.patienceHint"],
  save_period: ["form.savePeriod"],
  seed: ["form.seed"],
  workers: ["form.workers"],
  device: ["form.device", "form.deviceHint"],
  freeze: ["form.freeze"],
};

export function Advanced({ fields, errors, change }: InputsProps) {
  const { t } = useTranslation();
  const changed = ADVANCED.filter((name) => fields[name] !== DEFAULTS[name]).length;
  const wrong = ADVANCED.some((name) => errors[name]);
  const [opened, { toggle }] = useDisclosure(false);
  const shown = opened || wrong;
  return (
    <Section>
      <UnstyledButton onClick={toggle} aria-expanded={shown} w="100%" data-testid="advanced" type="button">
        <Text size="sm" fw={600} span>
          {shown ? "▾" : "▸"} {t("form.advanced")}
        </Text>{" "}
        {changed > 0 && <Badge size="sm">{changed}</Badge>}
      </UnstyledButton>
      <Collapse expanded={shown}>
        <Fieldset variant="unstyled" mt="sm" disabled={!shown}>
          <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
            {ADVANCED.map((name) => {
              const [label, hint] = LABELS[name] ?? [name];
              return (
                <TextInput
                  key={name}
                  label={t(label)}
                  description={hint && t(hint)}
                  inputWrapperOrder={["label", "input", "description", "error"]}
                  value={fields[name] ?? ""}
                  onChange={(event) => change(name, event.target.value)}
                  error={errors[name]}
                  data-testid={name}
                />
              );
            })}
          </SimpleGrid>
        </Fieldset>
      </Collapse>
    </Section>
  );
}
