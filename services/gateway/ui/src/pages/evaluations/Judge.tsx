// Judging something new: a model, or predictions that another tool wrote, on a split of a dataset.
import { Autocomplete, Button, Collapse, NativeSelect, SegmentedControl, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { ApiError, begin } from "../../api/client";
import { useDatasets, useModels, useTrainings } from "../../api/queries";
import { Section, Trouble } from "../../parts/parts";
import { useView } from "../../parts/view";

const SPLITS = ["test", "val", "train"];

export function Judge() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [view, setView] = useView();
  const fromFile = view.get("of") === "predictions";
  const opened = view.get("new") === "1";
  const [what, setWhat] = useState(view.get("what") ?? "");
  const [dataset, setDataset] = useState(view.get("dataset") ?? "");
  const split = view.get("split") ?? "test";
  const datasets = useDatasets();
  const models = useModels();
  const runs = useTrainings("completed");
  const judge = useMutation({
    mutationFn: () =>
      begin("/model/validate", { [fromFile ? "predictions_path" : "model_path"]: what.trim(), test_dataset_path: dataset.trim(), split }),
    onSuccess: (id) => void navigate(`/evaluations/${id}`),
  });
  const fields = judge.error instanceof ApiError ? judge.error.fields : {};
  const known = [...(runs.data ?? []).map((run) => `${run.project_name}/${run.experiment_name}`), ...(models.data ?? []).map((each) => each.name)];
  const keep = () => setView({ what: what.trim(), dataset: dataset.trim() }, { replace: true });
  return (
    <Section
      title={t("evals.judge")}
      testId="judge"
      aside={
        <Button size="compact-sm" variant="default" aria-expanded={opened} onClick={() => setView({ new: opened ? null : "1" }, { replace: true })} data-testid="judge-open">
          {t(opened ? "app.close" : "evals.judgeNew")}
        </Button>
      }
    >
      <Collapse expanded={opened}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            judge.mutate();
          }}
        >
          <Stack gap="sm">
            <SegmentedControl
              w="fit-content"
              aria-label={t("evals.judge")}
              value={fromFile ? "predictions" : "model"}
              onChange={(value) => setView({ of: value === "predictions" ? value : null }, { replace: true })}
              data={[
                { value: "model", label: t("evals.aModel") },
                { value: "predictions", label: t("evals.aFile") },
              ]}
              data-testid="judge-of"
            />
            <SimpleGrid cols={{ base: 1, sm: 3 }}>
              {fromFile ? (
                <TextInput label={t("evals.file")} description={t("evals.fileHint")} required value={what} onChange={(event) => setWhat(event.target.value)} onBlur={keep} error={fields["predictions_path"]} data-testid="judge-what" />
              ) : (
                <Autocomplete label={t("evals.model")} description={t("evals.modelHint")} required value={what} onChange={setWhat} onBlur={keep} error={fields["model_path"]} data={[...new Set(known)]} limit={50} data-testid="judge-what" />
              )}
              <Autocomplete label={t("evals.dataset")} description={t("form.datasetHint")} required value={dataset} onChange={setDataset} onBlur={keep} error={fields["test_dataset_path"]} data={[...new Set((datasets.data ?? []).map((each) => each.name))]} data-testid="judge-dataset" />
              <NativeSelect label={t("evals.splitName")} description={t("evals.splitHint")} value={split} onChange={(event) => setView({ split: event.target.value }, { replace: true })} data={SPLITS} data-testid="judge-split" />
            </SimpleGrid>
            {judge.isError && Object.keys(fields).length === 0 && <Trouble error={judge.error} />}
            <Button type="submit" w="fit-content" loading={judge.isPending} disabled={what.trim() === "" || dataset.trim() === ""} data-testid="judge-go">
              {t("evals.judgeGo")}
            </Button>
          </Stack>
        </form>
      </Collapse>
    </Section>
  );
}
