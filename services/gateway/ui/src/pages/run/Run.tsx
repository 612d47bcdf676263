// One training: first loaded by REST, then told by the socket alone until it ends; its parts are tabs in the link.
import { Alert, Stack, Tabs } from "@mantine/core";
import { Suspense, lazy, useDeferredValue, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useParams, useSearchParams } from "react-router";
import { ApiError } from "../../api/client";
import { useHistory, useTraining } from "../../api/queries";
import { useJob } from "../../live/store";
import { Dim, Trouble } from "../../parts/parts";
import { Judgement } from "./Judgement";
import { RunCharts } from "./RunCharts";
import { RunFiles } from "./RunFiles";
import { RunHead } from "./RunHead";
import { Samples } from "./Samples";
import { Settings } from "./Settings";
import { runState } from "./merge";

const Console = lazy(async () => ({ default: (await import("./Console")).Console }));
const Machine = lazy(async () => ({ default: (await import("./Machine")).Machine }));
const Timeline = lazy(async () => ({ default: (await import("./Timeline")).Timeline }));

const TABS = ["run", "console", "machine", "timeline"] as const;

export function Run() {
  const { t } = useTranslation();
  const { id = "" } = useParams();
  const [query, setQuery] = useSearchParams();
  const rest = useTraining(id);
  const history = useHistory(id);
  const job = useJob(id);
  const run = useMemo(() => runState(id, rest.data, history.data ?? [], job), [id, rest.data, history.data, job]);
  const drawn = useDeferredValue(run.epochs); // charts may be a moment behind: a click comes first
  if (!job && rest.isError) {
    const missing = rest.error instanceof ApiError && rest.error.status === 404;
    return missing ? <Alert title={t("run.notFound")} /> : <Trouble error={rest.error} />;
  }
  const ended = ["completed", "failed", "cancelled"].includes(run.status);
  const file = `${run.project || "run"}-${run.title}`;
  const tab = TABS.find((each) => each === query.get("tab")) ?? "run";
  const show = (value: string | null) =>
    setQuery((before) => (value === null || value === "run" ? before.delete("tab") : before.set("tab", value), before), { replace: true });
  return (
    <Stack gap="md" data-testid="run" data-epochs={run.epochs.length}>
      <RunHead id={id} run={run} job={job} rest={rest.data} />
      <Tabs value={tab} onChange={show} keepMounted={false}>
        <Tabs.List mb="md">
          {TABS.map((each) => (
            <Tabs.Tab key={each} value={each} data-testid={`tab-${each}`}>
              {t(`run.tab.${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="run">
          <Stack gap="md">
            {(!ended || run.epochs.length > 0) && <RunCharts epochs={drawn} total={run.total} file={file} />}
            <Samples id={id} ended={ended} />
            {run.status === "completed" && <Judgement id={id} dataset={run.dataset} />}
            <RunFiles id={id} ended={ended} />
            <Settings run={run} />
          </Stack>
        </Tabs.Panel>
        <Suspense fallback={<Dim>{t("app.loading")}</Dim>}>
          <Tabs.Panel value="console">
            <Console id={id} ended={ended} file={file} />
          </Tabs.Panel>
          <Tabs.Panel value="machine">
            <Machine run={run} file={file} />
          </Tabs.Panel>
          <Tabs.Panel value="timeline">
            <Timeline id={id} run={run} job={job} />
          </Tabs.Panel>
        </Suspense>
      </Tabs>
    </Stack>
  );
}
