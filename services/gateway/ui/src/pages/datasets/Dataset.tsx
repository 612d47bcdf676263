// One dataset, or one version of it: its images, its figures, its versions, and edits; the address says which.
import "./datasets.css";
import { Anchor, Badge, Button, Group, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams } from "react-router";
import { isReport, start, useDataset, useReport } from "../../api/datasets";
import { drop } from "../../api/typed";
import type { DatasetReport, DatasetWithHistory } from "../../api/rest.gen";
import { count } from "../../parts/format";
import { Dim, PageHead, Section, Trouble } from "../../parts/parts";
import { useView } from "../../parts/view";
import { LastCheckMark } from "./Datasets";
import { EditTab } from "./edits/EditTab";
import { Versions } from "./edits/Versions";
import { stepsOf } from "./edits/steps";
import { Figures } from "./figures/Figures";
import { Gallery } from "./gallery/Gallery";

const TABS = ["images", "figures", "versions", "edit"] as const;

export function Dataset() {
  const { name = "" } = useParams();
  const dataset = useDataset(name);
  const { t } = useTranslation();
  if (dataset.isError) return <Trouble error={dataset.error} onRetry={() => void dataset.refetch()} />;
  if (!dataset.data) return <Dim>{t("app.loading")}</Dim>;
  return <Shown key={name} name={name} dataset={dataset.data} />;
}

function Shown({ name, dataset }: { name: string; dataset: DatasetWithHistory }) {
  const { t } = useTranslation();
  const [view, setView] = useView();
  const [chosen, setChosen] = useState<string[]>([]);
  const tab = TABS.find((each) => each === view.get("tab")) ?? "images";
  const last = dataset.last_validation;
  const current = last !== null && (last.version === null || last.version === (dataset.version ?? null));
  const answer = useReport(last?.validation_id, true).data;
  const report = isReport(answer) ? answer : undefined;
  const classes = dataset.classes ?? report?.classes ?? [];
  const boxes = Object.fromEntries(
    Object.entries(report?.statistics.class_balance ?? {}).map(([each, { count: n }]) => [each, n]),
  );
  return (
    <Stack gap="md">
      <Head name={name} dataset={dataset} />
      <Group gap="xs" role="tablist">
        {TABS.map((each) => (
          <Button
            key={each}
            role="tab"
            aria-selected={tab === each}
            size="xs"
            variant={tab === each ? "light" : "subtle"}
            onClick={() => setView({ tab: each === "images" ? null : each, image: null })}
            data-testid={`tab-${each}`}
          >
            {t(`data.tab.${each}`)}
          </Button>
        ))}
      </Group>
      {tab === "images" && (
        <>
          {chosen.length > 0 && <Chosen chosen={chosen} onClear={() => setChosen([])} />}
          <Gallery
            album={{ name }}
            classes={classes}
            summary={current ? (report?.summary ?? {}) : {}}
            check={last?.validation_id}
            chosen={chosen}
            onChoose={setChosen}
          />
        </>
      )}
      {tab === "figures" && <FiguresOrCheck name={name} report={report} last={last?.version} now={dataset.version} />}
      {tab === "versions" && <Versions dataset={dataset} />}
      {tab === "edit" && <EditTab dataset={name} classes={classes} boxes={boxes} />}
    </Stack>
  );
}

function Head({ name, dataset }: { name: string; dataset: DatasetWithHistory }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const check = useMutation({
    mutationFn: () => start.check({ dataset_path: name }),
    onSuccess: (id) => navigate(`/datasets/checks/${id}`),
  });
  const newest = dataset.history[0]?.version;
  const old = dataset.version !== undefined && newest !== undefined && dataset.version !== newest;
  const counts = Object.entries(dataset.counts ?? {});
  return (
    <>
      <PageHead title={dataset.name}>
        <Button size="xs" variant="default" loading={check.isPending} onClick={() => check.mutate()} data-testid="check-dataset">
          {t("data.check")}
        </Button>
        <Button size="xs" component={Link} to={`/trainings/new?dataset_path=${encodeURIComponent(name)}`}>
          {t("data.train")}
        </Button>
        {dataset.registered && !old && <Delete name={dataset.name} />}
      </PageHead>
      {check.isError && <Trouble error={check.error} />}
      <Section>
        <Group gap="sm">
          {dataset.version && (
            <Badge variant="light" tt="none" data-testid="shown-version">
              {dataset.version}
            </Badge>
          )}
          {old && (
            <Anchor component={Link} size="sm" to={`/datasets/${encodeURIComponent(dataset.name)}`}>
              {t("data.olderShown", { version: newest })}
            </Anchor>
          )}
          <Text size="sm">
            {counts.length > 0
              ? counts.map(([split, n]) => `${split} ${count(n)}`).join(" · ")
              : t("data.onDisk", { splits: dataset.path })}
          </Text>
          {dataset.classes && <Text size="sm">{t("data.classCount", { count: dataset.classes.length })}</Text>}
          <LastCheckMark check={dataset.last_validation} />
        </Group>
      </Section>
    </>
  );
}

function Delete({ name }: { name: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [sure, setSure] = useState(false);
  const end = useMutation({
    mutationFn: () => drop("DELETE /datasets/{name}", { path: { name }, query: { confirm: true } }),
    onSuccess: () => navigate("/datasets"),
  });
  return (
    <>
      <Button size="xs" variant="subtle" color="red" loading={end.isPending} onClick={() => (sure ? end.mutate() : setSure(true))} onBlur={() => setSure(false)}>
        {t(sure ? "data.deleteSure" : "data.delete")}
      </Button>
      {end.isError && <Trouble error={end.error} />}
    </>
  );
}

function Chosen({ chosen, onClear }: { chosen: string[]; onClear: () => void }) {
  const { t } = useTranslation();
  const [view, setView] = useView();
  const into = (step: object) =>
    setView({ tab: "edit", steps: JSON.stringify([...stepsOf(view.get("steps")), step]), preview: null, applied: null, undo: null });
  return (
    <Section testId="chosen">
      <Group gap="sm">
        <Text size="sm">{t("data.chosen", { count: chosen.length })}</Text>
        <Button size="xs" variant="default" onClick={() => into({ op: "drop", images: chosen })} data-testid="drop-chosen">
          {t("data.dropChosen")}
        </Button>
        {(["train", "val", "test"] as const).map((to) => (
          <Button key={to} size="xs" variant="default" onClick={() => into({ op: "move", images: chosen, to })}>
            {t("data.moveTo", { to })}
          </Button>
        ))}
        <Button size="xs" variant="subtle" onClick={onClear}>
          {t("data.chooseNone")}
        </Button>
      </Group>
    </Section>
  );
}

interface FiguresProps {
  name: string;
  report: DatasetReport | undefined;
  last: string | null | undefined;
  now: string | undefined;
}

/** Figures come from the newest check; without one the page says how to get them. */
function FiguresOrCheck({ name, report, last, now }: FiguresProps) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const check = useMutation({
    mutationFn: () => start.check({ dataset_path: name }),
    onSuccess: (id) => navigate(`/datasets/checks/${id}?tab=figures`),
  });
  const fits = report && (!last || last === now);
  return (
    <>
      {!fits && (
        <Section>
          <Group gap="sm" justify="space-between">
            <Dim>{report ? t("data.figuresOld", { version: last }) : t("data.figuresNone")}</Dim>
            <Button size="xs" loading={check.isPending} onClick={() => check.mutate()}>
              {t("data.checkNow")}
            </Button>
          </Group>
        </Section>
      )}
      {report && <Figures report={report} />}
    </>
  );
}
