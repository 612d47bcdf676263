// The main numbers, and where the run is filed.
import { SimpleGrid } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Section } from "../../parts/parts";
import { type FormProps, SelectField, TextField } from "./Field";

const OPTIMIZERS = ["SGD", "Adam", "Adamax", "AdamW", "NAdam", "RAdam", "RMSProp", "MuSGD", "auto"];

export function Basics(form: FormProps) {
  const { t } = useTranslation();
  return (
    <Section>
      <SimpleGrid cols={{ base: 2, sm: 3 }} spacing="sm">
        <TextField name="epochs" label={t("form.epochs")} inputMode="numeric" {...form} />
        <TextField name="batch_size" label={t("form.batch")} placeholder={t("form.batchHint")} {...form} />
        <TextField name="imgsz" label={t("form.imgsz")} placeholder={t("form.imgszHint")} inputMode="numeric" {...form} />
        <TextField name="learning_rate" label={t("form.rate")} inputMode="decimal" {...form} />
        <SelectField name="optimizer" label={t("form.optimizer")} data={OPTIMIZERS} {...form} />
        <SelectField
          name="priority"
          label={t("form.priority")}
          data={["low", "normal", "high"].map((value) => ({ value, label: t(`form.${value}`) }))}
          {...form}
        />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" mt="sm">
        <TextField name="project_name" label={t("form.project")} {...form} />
        <TextField name="experiment_name" label={t("form.experiment")} placeholder={t("form.experimentHint")} {...form} />
      </SimpleGrid>
    </Section>
  );
}
