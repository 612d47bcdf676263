// One training: first loaded by REST, then told by the socket alone until it ends.
import { Alert, Stack } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { ApiError } from "../../api/client";
import { useHistory, useTraining } from "../../api/queries";
import { useJob } from "../../live/store";
import { Trouble } from "../../parts/parts";
import { Judgement } from "./Judgement";
import { RunCharts } from "./RunCharts";
import { RunFiles } from "./RunFiles";
import { RunHead } from "./RunHead";
import { Settings } from "./Settings";
import { runState } from "./merge";

export function Run() {
  const { t } = useTranslation();
  const { id = "" } = useParams();
  const rest = useTraining(id);
  const history = useHistory(id);
  const job = useJob(id);
  const run = useMemo(() => runState(id, rest.data, history.data ?? [], job), [id, rest.data, history.data, job]);
  if (!job && rest.isError) {
    const missing = rest.error instanceof ApiError && rest.error.status === 404;
    return missing ? <Alert title={t("run.notFound")} /> : <Trouble error={rest.error} />;
  }
  return (
    <Stack gap="md" data-testid="run" data-epochs={run.epochs.length}>
      <RunHead id={id} run={run} job={job} rest={rest.data} />
      <RunCharts epochs={run.epochs} total={run.total} />
      {run.status === "completed" && <Judgement id={id} dataset={run.dataset} />}
      <RunFiles id={id} ended={["completed", "failed", "cancelled"].includes(run.status)} />
      <Settings run={run} />
    </Stack>
  );
}
