// One confidence and one IoU for every panel at once; each number opens the boxes behind it.
import { Anchor, Group, SimpleGrid, Slider, Stack, Text, UnstyledButton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import type { TFunction } from "i18next";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { type Panels, type Point, panelsUrl, usePanels } from "../../api/panels";
import { Matrix } from "../../charts/Matrix";
import { count, share } from "../../parts/format";
import { Dim, Section, Trouble } from "../../parts/parts";
import { Boxes } from "./Boxes";
import { Classes } from "./Classes";
import { type Selection, referenceOf, shown } from "./selection";

const SETTLED_MS = 120;
const RATES = ["precision", "recall", "f1_score", "accuracy"] as const;
const KINDS = ["tp", "fp", "fn"] as const;

export function Explorer({ id, start }: { id: string; start: Point }) {
  const { t } = useTranslation();
  const [query, setQuery] = useSearchParams();
  const [point, setPoint] = useState<Point>({
    confidence: within(query.get("confidence"), start.confidence, 0),
    iou: within(query.get("iou"), start.iou, 0.1),
  });
  const [settled] = useDebouncedValue(point, SETTLED_MS);
  const [selection, setSelection] = useState<Selection | null>(null);
  const panels = usePanels(id, settled);
  const move = (change: Partial<Point>) => setPoint((now) => ({ ...now, ...change }));
  const keep = () =>
    setQuery(
      (before) => {
        before.set("confidence", String(point.confidence));
        before.set("iou", String(point.iou));
        return before;
      },
      { replace: true },
    );
  if (panels.isError) return <Trouble error={panels.error} title={t("evals.noPanels")} />;
  const found = panels.data;
  const reference = found && selection ? referenceOf(found, selection) : null;
  return (
    <Stack gap="md">
      <section className="card point" aria-label={t("evals.point")}>
        <Control name="confidence" value={point.confidence} min={0} onChange={(confidence) => move({ confidence })} onEnd={keep} />
        <Control name="iou" value={point.iou} min={0.1} onChange={(iou) => move({ iou })} onEnd={keep} />
        <Anchor href={panelsUrl(id, settled)} size="xs" target="_blank" rel="noreferrer">
          JSON
        </Anchor>
      </section>
      {found && (
        <>
          <Headline found={found} onOpen={setSelection} />
          <Causes found={found} selection={selection} onOpen={setSelection} />
          {selection && reference && (
            <Boxes
              key={reference.split("?")[0] + JSON.stringify(selection)}
              id={id}
              reference={reference}
              point={found}
              title={titleOf(found, selection, t)}
              onClose={() => setSelection(null)}
            />
          )}
          <Classes found={found} onOpen={setSelection} />
          <Confusion found={found} onOpen={setSelection} />
        </>
      )}
    </Stack>
  );
}

function Confusion({ found, onOpen }: { found: Panels; onOpen: (selection: Selection) => void }) {
  const { t } = useTranslation();
  const matrix = useMemo(() => shown(found), [found]);
  const open = (row: number, column: number) =>
    onOpen({ of: "cell", row: matrix.places[row] ?? 0, column: matrix.places[column] ?? 0 });
  return (
    <Section title={t("evals.matrix")} aside={<Dim>{t("evals.matrixHint")}</Dim>}>
      <Matrix
        names={matrix.names}
        counts={matrix.counts}
        label={t("evals.matrix")}
        predicted={t("evals.predicted")}
        actual={t("evals.actual")}
        onCell={open}
      />
    </Section>
  );
}

function within(text: string | null, otherwise: number, low: number): number {
  const value = text === null ? Number.NaN : Number(text);
  return value >= low && value <= 1 ? value : otherwise;
}

function Control(props: { name: keyof Point; value: number; min: number; onChange: (value: number) => void; onEnd: () => void }) {
  const { t } = useTranslation();
  const label = t(`evals.${props.name}`);
  return (
    <div>
      <Group justify="space-between" gap="xs">
        <Text size="sm">{label}</Text>
        <Text size="sm" fw={650} data-testid={`${props.name}-value`}>
          {props.value.toFixed(2)}
        </Text>
      </Group>
      <Slider
        value={props.value}
        min={props.min}
        max={1}
        step={0.01}
        label={null}
        onChange={(value) => props.onChange(Number(value.toFixed(2)))}
        onChangeEnd={props.onEnd}
        thumbLabel={label}
        data-testid={`${props.name}-slider`}
      />
    </div>
  );
}

function Headline({ found, onOpen }: { found: Panels; onOpen: (selection: Selection) => void }) {
  const { t } = useTranslation();
  const alarms = found.false_alarms;
  const values: [label: string, value: string, id: string][] = [
    ...RATES.map((name): [string, string, string] => [t(`metric.${name}`), share(found.headline[name]), name]),
    ["mAP50", share(found.map50), "map50"],
    ["mAP50-95", share(found.map50_95), "map50_95"],
    [t("evals.alarms"), alarms.per_1000_images === null ? "—" : alarms.per_1000_images.toFixed(1), "alarms"],
  ];
  return (
    <>
      <SimpleGrid cols={{ base: 2, xs: 3, md: 7 }} spacing="sm">
        {values.map(([label, value, name]) => (
          <section key={name} className="card" aria-label={label}>
            <Dim>{label}</Dim>
            <Text component="div" className="figure" data-testid={`figure-${name}`}>
              {value}
            </Text>
          </section>
        ))}
      </SimpleGrid>
      <Group gap="xs">
        {KINDS.map((kind) => (
          <UnstyledButton key={kind} className="chip" onClick={() => onOpen({ of: "all", kind, name: "" })} data-testid={`kind-${kind}`}>
            {t(`evals.kind.${kind}`)} <b>{count(found.headline[kind])}</b>
          </UnstyledButton>
        ))}
      </Group>
    </>
  );
}

function Causes(props: { found: Panels; selection: Selection | null; onOpen: (selection: Selection) => void }) {
  const { t } = useTranslation();
  const chosen = props.selection?.of === "cause" ? props.selection.name : null;
  return (
    <Section title={t("evals.causes")} aside={<Dim>{t("evals.causesHint")}</Dim>}>
      <Group gap="xs">
        {Object.entries(props.found.causes).map(([name, cause]) => (
          <UnstyledButton
            key={name}
            className="chip"
            aria-pressed={chosen === name}
            onClick={() => props.onOpen({ of: "cause", name })}
            data-testid={`cause-${name}`}
          >
            {t(`evals.cause.${name}`)} <b>{count(cause.count)}</b> <small>+{cause.delta_ap.toFixed(3)}</small>
          </UnstyledButton>
        ))}
      </Group>
    </Section>
  );
}

function titleOf(found: Panels, selection: Selection, t: TFunction): string {
  switch (selection.of) {
    case "all":
      return t(`evals.kind.${selection.kind}`);
    case "class":
      return `${selection.name} · ${t(`evals.kind.${selection.kind}`)}`;
    case "cause":
      return t(`evals.cause.${selection.name}`);
    case "cell": {
      const { names } = found.confusion;
      return t("evals.cell", { predicted: names[selection.row] ?? "", actual: names[selection.column] ?? "" });
    }
  }
}
