// Bringing a dataset in: a ZIP of this computer, a folder of the server or a bucket; or only checking one.
import { Autocomplete, Button, Group, SegmentedControl, Select, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { isDone, start, useEdit } from "../../../api/datasets";
import { nameOf } from "../../../api/upload";
import { JobProgress, useJobView } from "../../../parts/JobProgress";
import { count } from "../../../parts/format";
import { Dim, Section, Trouble } from "../../../parts/parts";
import { useView } from "../../../parts/view";
import { Upload } from "./Upload";

const WAYS = ["check", "upload", "import"] as const;
type Way = (typeof WAYS)[number];
const DEPTHS = ["fast", "standard", "full"] as const;
const FORMATS = ["auto", "yolo", "yolo_polygons", "coco", "voc", "darknet"] as const;

export function Add({ names }: { names: string[] }) {
  const { t } = useTranslation();
  const [view, setView] = useView();
  const way: Way = WAYS.find((each) => each === view.get("add")) ?? "check";
  const job = view.get("job");
  const started = (id: string) => setView({ job: id }, { replace: true });
  return (
    <Section testId="add">
      <SegmentedControl
        mb="md"
        size="xs"
        value={way}
        onChange={(value) => setView({ add: value, job: null }, { replace: true })}
        aria-label={t("data.addTitle")}
        data={WAYS.map((value) => ({ value, label: t(`data.way.${value}`) }))}
        data-testid="way"
      />
      {way === "check" && <CheckForm names={names} />}
      {way === "upload" && <Upload onStarted={started} />}
      {way === "import" && <ImportForm onStarted={started} />}
      {way !== "check" && job && <Imported id={job} />}
    </Section>
  );
}

/** The import that follows an upload, and where to go when it is done. */
function Imported({ id }: { id: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { view } = useJobView(id);
  const edit = useEdit(id, view?.outcome != null);
  const check = useMutation({
    mutationFn: (name: string) => start.check({ dataset_path: name }),
    onSuccess: (job) => navigate(`/datasets/checks/${job}`),
  });
  const done = isDone(edit.data) ? edit.data : null;
  if (!done || !done.name) return <JobProgress id={id} title={t("data.importing")} />;
  const { name } = done;
  const lost = Object.entries(done.diff?.lost ?? {});
  return (
    <Stack gap="xs" mt="sm" data-testid="imported">
      <Dim>
        {t("data.imported", {
          name,
          version: done.version,
          images: count(Object.values(done.counts ?? {}).reduce((sum, n) => sum + n, 0)),
        })}
        {lost.length > 0 && ` ${t("data.lost", { what: lost.map(([what, n]) => `${what}: ${n}`).join(", ") })}`}
      </Dim>
      <Group gap="sm">
        <Button onClick={() => check.mutate(name)} loading={check.isPending} data-testid="check-imported">
          {t("data.checkNow")}
        </Button>
        <Button variant="default" component={Link} to={`/datasets/${encodeURIComponent(name)}`}>
          {t("data.look")}
        </Button>
      </Group>
      {check.isError && <Trouble error={check.error} />}
    </Stack>
  );
}

function CheckForm({ names }: { names: string[] }) {
  const { t } = useTranslation();
  const [view] = useView();
  const navigate = useNavigate();
  const [path, setPath] = useState(view.get("path") ?? "");
  const [mode, setMode] = useState<(typeof DEPTHS)[number]>("full");
  const check = useMutation({
    mutationFn: () => start.check({ dataset_path: path.trim(), mode }),
    onSuccess: (id) => navigate(`/datasets/checks/${id}`),
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (path.trim()) check.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Group align="flex-end" gap="sm">
          <Autocomplete
            label={t("data.path")}
            description={t("data.checkHint")}
            value={path}
            onChange={setPath}
            data={names}
            style={{ flex: "1 1 18rem" }}
            data-testid="check-path"
          />
          <Button type="submit" loading={check.isPending} disabled={!path.trim()} data-testid="check">
            {t("data.check")}
          </Button>
        </Group>
        <div>
          <SegmentedControl
            size="xs"
            value={mode}
            onChange={setMode}
            aria-label={t("data.depth")}
            data={DEPTHS.map((value) => ({ value, label: t(`data.mode.${value}`) }))}
            data-testid="depth"
          />
          <Dim>{t(`data.modeHint.${mode}`)}</Dim>
        </div>
      </Stack>
      {check.isError && <Trouble error={check.error} title={t("data.failed")} />}
    </form>
  );
}

function ImportForm({ onStarted }: { onStarted: (job: string) => void }) {
  const { t } = useTranslation();
  const [source, setSource] = useState("");
  const [name, setName] = useState("");
  const [format, setFormat] = useState<(typeof FORMATS)[number]>("auto");
  const bring = useMutation({
    mutationFn: () => start.bringIn({ source: source.trim(), dataset_name: name || nameOf(lastPart(source)), format }),
    onSuccess: onStarted,
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (source.trim()) bring.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" gap="sm">
        <TextInput
          label={t("data.source")}
          description={t("data.sourceHint")}
          value={source}
          onChange={(event) => setSource(event.currentTarget.value)}
          style={{ flex: "2 1 16rem" }}
          data-testid="import-source"
        />
        <TextInput
          label={t("data.name")}
          description={t("data.nameHint")}
          placeholder={source.trim() ? nameOf(lastPart(source)) : ""}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          style={{ flex: "1 1 10rem" }}
          data-testid="import-name"
        />
        <Select
          label={t("data.format")}
          description={t("data.formatHint")}
          value={format}
          onChange={(value) => setFormat(FORMATS.find((each) => each === value) ?? "auto")}
          data={FORMATS.map((value) => ({ value, label: t(`data.formats.${value}`) }))}
          allowDeselect={false}
          w={190}
        />
        <Button type="submit" loading={bring.isPending} disabled={!source.trim()} data-testid="import">
          {t("data.import")}
        </Button>
      </Group>
      {bring.isError && <Trouble error={bring.error} title={t("data.importFailed")} />}
    </form>
  );
}

function lastPart(path: string): string {
  return path.trim().replace(/\/+$/, "").split("/").at(-1) ?? "";
}
