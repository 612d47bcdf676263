// The arguments that the run was asked with, and a way to ask for the same again.
import { SimpleGrid, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { asObject } from "../../live/frames";
import { Section } from "../../parts/parts";
import type { RunState } from "./merge";

export function Settings({ run }: { run: RunState }) {
  const { t } = useTranslation();
  const shown = Object.entries(run.settings).filter(([name, value]) => name !== "given" && value !== null && JSON.stringify(value) !== "{}");
  if (shown.length === 0) return null;
  return (
    <Section title={t("run.settings")}>
      <SimpleGrid cols={{ base: 2, sm: 3, md: 4 }} spacing="xs" verticalSpacing={4}>
        {shown.map(([name, value]) => (
          <Text key={name} size="sm" className="mono">
            <Text span inherit c="dimmed">
              {name}
            </Text>{" "}
            {typeof value === "object" ? JSON.stringify(value) : String(value)}
          </Text>
        ))}
      </SimpleGrid>
    </Section>
  );
}

const REPEATED = [
  ...["mode", "preset", "model_architecture", "epochs", "batch_size", "learning_rate", "imgsz", "optimizer", "patience"],
  ...["save_period", "sample_period", "seed", "workers", "device", "nnodes", "rdzv_endpoint", "freeze", "cache", "amp", "gpu_load_rate"],
];

/** The form's link with everything that this run was asked with. */
export function again(run: RunState): string {
  const query = new URLSearchParams({ dataset_path: run.dataset, project_name: run.project });
  if (run.settings["mode"] !== "full") query.set("base_model_path", run.model);
  for (const name of REPEATED) {
    const value = run.settings[name];
    if (value !== null && value !== undefined) query.set(name, String(value));
  }
  for (const group of ["augmentation_params", "extra"]) {
    for (const [name, value] of Object.entries(asObject(run.settings[group]))) query.set(`${group}.${name}`, String(value));
  }
  return query.toString();
}
