// The boxes behind a number, as crops or as whole images; keys walk through them, switch boxes and mark wrong labels.
import { Button, Chip, Group, SegmentedControl, Text, UnstyledButton } from "@mantine/core";
import type { TFunction } from "i18next";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Panels, cropUrl, pictureUrl } from "../../../api/panels";
import { baseName, count } from "../../../parts/format";
import { Dim, Section, Trouble } from "../../../parts/parts";
import { viewNow } from "../../../parts/view";
import { fixesOf, marked } from "../marks";
import type { Selection } from "../selection";
import type { EvaluationState } from "../state";
import { Large } from "./Large";
import { type Item, useItems } from "./items";

interface GalleryProps {
  id: string;
  found: Panels;
  state: EvaluationState;
  split: string;
}

export function Gallery({ id, found, state, split }: GalleryProps) {
  const { t } = useTranslation();
  const { selection, overlay, whole } = state;
  const list = useItems(id, found, state);
  const tiles = useRef<HTMLDivElement>(null);
  const [lastOpen, setLastOpen] = useState<string | null>(null);
  if (state.open !== null && state.open !== lastOpen) setLastOpen(state.open);
  const current = list.items.findIndex((item) => item.key === state.open);
  const truth = overlay.includes("gt");
  const said = overlay.includes("pred");
  const focused = () => list.items.findIndex((item) => item.key === document.activeElement?.getAttribute("data-key"));
  const here = () => {
    const open = viewNow().get("open");
    return open === null ? focused() : list.items.findIndex((item) => item.key === open);
  };
  const step = (by: 1 | -1) => {
    const open = viewNow().has("open");
    const at = here();
    const next = list.items[Math.max(0, Math.min(list.items.length - 1, at + by))];
    if (at + by >= list.items.length - 6) list.more();
    if (!next) return;
    if (open) state.show({ open: next.key });
    else tiles.current?.querySelector<HTMLElement>(`[data-key="${next.key}"]`)?.focus();
  };
  const wrong = () => {
    const box = list.items[here()]?.box;
    if (!box) return;
    state.mark((marks) => marked(marks, box, marks.some((each) => each.box === box.id) ? null : (fixesOf(box)[0] ?? null)));
  };
  const keys = useRef<(key: string) => void>(() => {});
  useEffect(() => {
    keys.current = (key) => {
      if (key === "j") step(1);
      if (key === "k") step(-1);
      if (key === "g") state.show({ truth: !truth });
      if (key === "p") state.show({ said: !said });
      if (key === "w") wrong();
    };
  });
  const active = selection !== null;
  useEffect(() => {
    if (!active) return undefined;
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || typesIn(event.target)) return;
      keys.current(event.key);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [active]);
  if (!selection) return null;
  return (
    <Section title={`${titleOf(selection, t)} · ${count(list.total)}`} testId="boxes" aside={<Close state={state} />}>
      <Group gap="xs" mb="xs">
        {selection.of !== "images" && (
          <SegmentedControl
            size="xs"
            aria-label={t("evals.as")}
            value={whole ? "images" : "crops"}
            onChange={(value) => state.show({ whole: value === "images" })}
            data={["crops", "images"].map((value) => ({ value, label: t(`evals.as_.${value}`) }))}
            data-testid="gallery-as"
          />
        )}
        <Chip size="xs" checked={truth} onChange={(on) => state.show({ truth: on })} data-testid="show-truth">
          {t("evals.truth")}
        </Chip>
        <Chip size="xs" checked={said} onChange={(on) => state.show({ said: on })} data-testid="show-said">
          {t("evals.said")}
        </Chip>
        <span className="wide-only">
          <Dim>{t("evals.keys")}</Dim>
        </span>
      </Group>
      <Dim>{t("evals.legend")}</Dim>
      {list.error ? <Trouble error={list.error} /> : null}
      {list.ready && list.items.length === 0 && <Dim>{t("evals.noBoxes")}</Dim>}
      <div ref={tiles} className={whole ? "crops wide" : "crops"} data-testid="crops">
        {list.items.map((item) => (
          <Tile key={item.key} item={item} marked={state.marks.some((each) => each.box === item.box?.id)} onOpen={() => state.show({ open: item.key })}>
            <Shot src={whole || !item.box ? pictureUrl(id, item.image, found, overlay, 480) : cropUrl(id, item.box.id, found, overlay)} alt={nameOf(item, t)} />
          </Tile>
        ))}
      </div>
      {list.hasMore && (
        <Group justify="center" mt="sm">
          <Button size="xs" variant="light" loading={list.fetching} onClick={list.more} data-testid="more-boxes">
            {t("evals.more", { shown: count(list.shown), total: count(list.total) })}
          </Button>
        </Group>
      )}
      <Large
        id={id}
        state={state}
        point={found}
        item={list.items[current] ?? null}
        shownKey={state.open ?? lastOpen}
        place={current >= 0 ? `${current + 1} / ${count(list.total)}` : ""}
        onStep={step}
        split={split}
      />
    </Section>
  );
}

function Close({ state }: { state: EvaluationState }) {
  const { t } = useTranslation();
  return (
    <Button size="compact-xs" variant="subtle" color="gray" onClick={() => state.select(null)} data-testid="boxes-close">
      {t("evals.close")}
    </Button>
  );
}

function Tile(props: { item: Item; marked: boolean; onOpen: () => void; children: ReactNode }) {
  const { t } = useTranslation();
  const { item } = props;
  const { box } = item;
  return (
    <UnstyledButton className="crop" data-key={item.key} data-marked={props.marked || undefined} onClick={props.onOpen} title={baseName(item.path)}>
      {props.children}
      <Text size="xs" truncate>
        {box ? labelOf(item) : baseName(item.path)}
      </Text>
      <Text size="xs" c="dimmed" truncate>
        {box ? `${box.confidence === undefined ? t("evals.label") : box.confidence.toFixed(2)}${box.cause ? ` · ${t(`evals.cause.${box.cause}`)}` : ""}` : item.counts && t("evals.counts", item.counts)}
      </Text>
      {props.marked && (
        <Text size="xs" fw={650} c="var(--mantine-color-orange-light-color)">
          {t("evals.markedWrong")}
        </Text>
      )}
    </UnstyledButton>
  );
}

/** The picture, or a word where the image changed since it was judged. */
export function Shot({ src, alt }: { src: string; alt: string }) {
  const { t } = useTranslation();
  const [gone, setGone] = useState<string | null>(null);
  if (gone === src) return <Dim>{t("evals.gone")}</Dim>;
  return <img src={src} alt={alt} loading="lazy" decoding="async" onError={() => setGone(src)} />;
}

function labelOf({ box }: Item): string {
  if (!box) return "";
  return box.true_class && box.true_class !== box.class ? `${box.class} → ${box.true_class}` : box.class;
}

function nameOf(item: Item, t: TFunction): string {
  return `${baseName(item.path)} ${item.box ? `${labelOf(item)} ${t(`evals.kind.${item.box.kind ?? "fp"}`)}` : ""}`;
}

function titleOf(selection: Selection, t: TFunction): string {
  switch (selection.of) {
    case "all":
      return t(`evals.kind.${selection.kind}`);
    case "class":
      return `${selection.name} · ${t(`evals.kind.${selection.kind}`)}`;
    case "cause":
      return t(`evals.cause.${selection.name}`);
    case "cell":
      return t("evals.cell", { predicted: selection.row, actual: selection.column });
    case "boxes":
      return t("evals.allBoxes");
    case "images":
      return t("evals.worstImages");
  }
}

/** Whether keys belong to what is focused: a text field, a list, a slider; a tick box takes none of ours. */
function typesIn(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !/^(checkbox|radio)$/.test(target.type);
  return /^(TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable || target.role === "slider";
}
