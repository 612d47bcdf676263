// Judge a model on a dataset of one's choice, or draw its pictures; the newest job of each is in the link.
import { Autocomplete, Button, Group, NativeSelect, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { judging } from "../../api/models";
import { useDatasets } from "../../api/queries";
import type { ModelEntry } from "../../api/types";
import { Section, Trouble } from "../../parts/parts";
import { useView } from "../../parts/view";
import { Result } from "../run/Judgement";

export function Judge({ model }: { model: ModelEntry }) {
  const { t } = useTranslation();
  const datasets = useDatasets();
  const [view, change] = useView();
  const [dataset, setDataset] = useState(view.get("dataset") ?? model.dataset ?? "");
  const [split, setSplit] = useState("test");
  const validate = useMutation({
    mutationFn: () => judging.validate(model.name, dataset, split),
    onSuccess: (job) => change({ validation: job, dataset }, { replace: true }),
  });
  const visualize = useMutation({
    mutationFn: () => judging.visualize(model.name),
    onSuccess: (job) => change({ visualization: job }, { replace: true }),
  });
  return (
    <Section title={t("models.judge")} testId="judge">
      <Stack gap="sm">
        <Group gap="sm" align="flex-end">
          <Autocomplete
            label={t("runs.dataset")}
            value={dataset}
            onChange={setDataset}
            data={[...new Set((datasets.data ?? []).map((each) => each.name))]}
            style={{ flex: "1 1 14rem" }}
            data-testid="judge-dataset"
          />
          <NativeSelect
            label={t("models.split")}
            value={split}
            onChange={(event) => setSplit(event.currentTarget.value)}
            data={["test", "val", "train"]}
          />
          <Button loading={validate.isPending} disabled={dataset === ""} onClick={() => validate.mutate()} data-testid="validate">
            {t("models.validate")}
          </Button>
          <Button variant="default" loading={visualize.isPending} onClick={() => visualize.mutate()} data-testid="visualize">
            {t("run.visualize")}
          </Button>
        </Group>
        {validate.isError && <Trouble error={validate.error} />}
        {visualize.isError && <Trouble error={visualize.error} />}
        <Result id={view.get("validation")} waiting={t("run.judging")} testId="validation" link />
        <Result id={view.get("visualization")} waiting={t("run.drawing")} testId="visualization" />
      </Stack>
    </Section>
  );
}
