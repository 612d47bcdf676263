// All models: weights of trainings, uploads, and what came with the system; searched, sorted, one link each.
import "./models.css";
import { Badge, Button, Group, NativeSelect, SegmentedControl, Stack, TextInput } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { modelPage } from "../../api/models";
import { useModels } from "../../api/queries";
import type { ModelEntry } from "../../api/types";
import { PlusIcon } from "../../app/icons";
import { Windowed } from "../../parts/Windowed";
import { baseName, count, moment, share, size } from "../../parts/format";
import { Dim, PageHead, Section, Trouble } from "../../parts/parts";
import { useTyped } from "../../parts/useTyped";
import { useView } from "../../parts/view";
import { UploadModel } from "./UploadModel";
import { KINDS, ORDERS, chosen } from "./order";

const ROW_PX = 58;

export function Models() {
  const { t } = useTranslation();
  const models = useModels();
  const [view, change] = useView();
  const [name, setName] = useTyped("name");
  const kind = view.get("kind") ?? "";
  const order = view.get("sort") ?? "newest";
  const adding = view.get("add") === "upload";
  const shown = useMemo(() => chosen(models.data ?? [], { kind, name, order }), [models.data, kind, name, order]);
  return (
    <Stack gap="md">
      <PageHead title={t("models.title")}>
        <Button
          size="xs"
          variant="default"
          leftSection={<PlusIcon size={14} />}
          aria-expanded={adding}
          onClick={() => change({ add: adding ? null : "upload" })}
          data-testid="add-model"
        >
          {t("models.upload")}
        </Button>
      </PageHead>
      {adding && <UploadModel />}
      {models.isError && <Trouble error={models.error} onRetry={() => void models.refetch()} />}
      <Group gap="xs">
        <SegmentedControl
          size="xs"
          aria-label={t("models.kinds")}
          value={kind}
          onChange={(value) => change({ kind: value }, { replace: true })}
          data={[{ value: "", label: t("models.all") }, ...KINDS.map((value) => ({ value, label: t(`models.kind.${value}`) }))]}
        />
        <TextInput
          size="xs"
          placeholder={t("models.find")}
          aria-label={t("models.find")}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          data-testid="model-search"
        />
        <NativeSelect
          size="xs"
          aria-label={t("models.sort")}
          value={order}
          onChange={(event) => change({ sort: event.currentTarget.value }, { replace: true })}
          data={ORDERS.map((value) => ({ value, label: t(`models.order.${value}`) }))}
          data-testid="model-sort"
        />
      </Group>
      <Section testId="models">
        {shown.length === 0 ? (
          <Dim>{models.isPending ? t("app.loading") : t(kind || name ? "models.noneFits" : "models.empty")}</Dim>
        ) : (
          <Table models={shown} />
        )}
      </Section>
    </Stack>
  );
}

function Table({ models }: { models: ModelEntry[] }) {
  const { t } = useTranslation();
  return (
    <div role="table" aria-label={t("models.title")} aria-rowcount={models.length}>
      <Dim>{t("models.count", { count: models.length, n: count(models.length) })}</Dim>
      <div className="model-row model-head" role="row">
        {["name", "learned"].map((column) => (
          <span key={column} role="columnheader">
            {t(`models.${column}`)}
          </span>
        ))}
        {["map50", "map50_95"].map((metric) => (
          <span key={metric} role="columnheader" className="right">
            {t(`metric.${metric}`)}
          </span>
        ))}
        <span role="columnheader" className="right">
          {t("models.size")}
        </span>
        <span role="columnheader">{t("models.created")}</span>
      </div>
      <Windowed
        count={models.length}
        rowPx={ROW_PX}
        heightPx={Math.max(320, window.innerHeight - 300)}
        label={t("models.title")}
        role="rowgroup"
        testId="model-list"
        row={(index) => {
          const model = models[index];
          return model && <Row key={model.name} model={model} />;
        }}
      />
    </div>
  );
}

function Row({ model }: { model: ModelEntry }) {
  const { t } = useTranslation();
  return (
    <div className="model-row" role="row" style={{ height: ROW_PX }} data-model={model.name}>
      <span role="cell" className="run-name">
        <Link className="row-link" to={modelPage(model.name)}>
          {baseName(model.name)}
        </Link>{" "}
        <Badge size="xs" variant="light" color={model.kind === "run" ? "blue" : "gray"} tt="none">
          {t(`models.kind.${model.kind}`)}
        </Badge>
        <Dim>{model.project ?? t(`models.from.${model.kind}`)}</Dim>
      </span>
      <span role="cell" className="one-line">
        {model.dataset ? baseName(model.dataset) : "—"}
        {model.dataset_version && ` ${model.dataset_version}`}
        {model.base_model && <Dim>{t("models.onBase", { name: model.base_model })}</Dim>}
      </span>
      {["map50", "map50_95"].map((metric) => (
        <span key={metric} role="cell" className="right">
          {share(model.metrics[metric])}
        </span>
      ))}
      <span role="cell" className="right">
        {size(model.size)}
      </span>
      <span role="cell" className="one-line">
        {moment(model.created_at)}
      </span>
    </div>
  );
}
