// The images of a dataset, a page at a time, each with its boxes; the address holds filters, page and open image.
import { Button, Checkbox, Group, NumberInput, Select, Switch, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { type Album, type ImagesWanted, pictureOf, useImages, useRules } from "../../../api/datasets";
import type { ImageRow } from "../../../api/rest.gen";
import { BoxedPicture, type DrawnBox } from "../../../parts/BoxedPicture";
import { count } from "../../../parts/format";
import { Dim, Section, Trouble } from "../../../parts/parts";
import { useView } from "../../../parts/view";
import { ImageView, OpenImage } from "./ImageView";

const PER_PAGE = 48;
const SPLITS = ["train", "val", "test"] as const;

interface GalleryProps {
  album: Album;
  classes: string[];
  /** Findings per rule of the newest check, to filter by. */
  summary: Record<string, number>;
  /** The check that `summary` is of. */
  check: string | undefined;
  chosen: string[];
  onChoose: (files: string[]) => void;
}

export function Gallery({ album, classes, summary, check, chosen, onChoose }: GalleryProps) {
  const { t } = useTranslation();
  const [view, setView] = useView();
  const cursor = Number(view.get("cursor") ?? 0);
  const wanted: ImagesWanted = {
    limit: PER_PAGE,
    cursor,
    split: SPLITS.find((split) => split === view.get("split")) ?? null,
    class: view.get("class"),
    finding: view.get("finding"),
    validation_id: view.get("finding") ? (check ?? null) : null,
  };
  const images = useImages(album, wanted);
  const rows = images.data?.rows ?? [];
  const open = view.get("image");
  const step = (by: -1 | 1) => {
    const at = rows.findIndex((row) => row.id === open);
    const next = rows[at + by];
    if (next) setView({ image: next.id }, { replace: true });
  };
  const toggle = (file: string) =>
    onChoose(chosen.includes(file) ? chosen.filter((each) => each !== file) : [...chosen, file]);
  return (
    <Section testId="gallery">
      <Filters classes={classes} summary={summary} />
      {images.isError && <Trouble error={images.error} onRetry={() => void images.refetch()} />}
      {images.isPending && <Dim>{t("app.loading")}</Dim>}
      {images.data && rows.length === 0 && <Dim>{t("data.noImages")}</Dim>}
      <div className="tiles" data-testid="tiles" data-loading={images.isPlaceholderData || undefined}>
        {rows.map((row) => (
          <Tile
            key={row.id}
            album={album}
            row={row}
            boxes={view.get("boxes") !== "off"}
            classes={classes}
            chosen={chosen.includes(row.file)}
            onOpen={() => setView({ image: row.id })}
            onChoose={() => toggle(row.file)}
          />
        ))}
      </div>
      {images.data && (
        <Pager
          cursor={cursor}
          next={images.data.next}
          total={view.get("class") ? null : images.data.total}
          shown={rows.length}
        />
      )}
      <ImageView album={album} image={open} onClose={() => setView({ image: null })} onStep={step} />
    </Section>
  );
}

function Filters({ classes, summary }: { classes: string[]; summary: Record<string, number> }) {
  const { t, i18n } = useTranslation();
  const [view, setView] = useView();
  const rules = useRules().data;
  const title = (rule: string) => rules?.get(rule)?.title[i18n.language === "ja" ? "ja" : "en"] ?? rule;
  const choose = (name: string) => (value: string | null) => setView({ [name]: value, cursor: null });
  return (
    <Group gap="sm" mb="md" align="flex-end" className="filters">
      <Select
        label={t("data.split")}
        placeholder={t("data.all")}
        clearable
        data={[...SPLITS]}
        value={view.get("split")}
        onChange={choose("split")}
        data-testid="filter-split"
      />
      <Select
        label={t("data.class")}
        placeholder={t("data.all")}
        clearable
        searchable
        data={[...new Set(classes)]}
        value={view.get("class")}
        onChange={choose("class")}
        data-testid="filter-class"
      />
      <Select
        label={t("data.finding")}
        placeholder={Object.keys(summary).length > 0 ? t("data.all") : t("data.notChecked")}
        clearable
        searchable
        disabled={Object.keys(summary).length === 0}
        data={Object.entries(summary).map(([rule, n]) => ({ value: rule, label: `${title(rule)} (${count(n)})` }))}
        value={view.get("finding")}
        onChange={choose("finding")}
        data-testid="filter-finding"
      />
      <Switch
        label={t("data.boxes")}
        checked={view.get("boxes") !== "off"}
        onChange={(event) => setView({ boxes: event.currentTarget.checked ? null : "off" }, { replace: true })}
        pb={6}
      />
    </Group>
  );
}

interface TileProps {
  album: Album;
  row: ImageRow;
  boxes: boolean;
  classes: string[];
  chosen: boolean;
  onOpen: () => void;
  onChoose: () => void;
}

function Tile({ album, row, boxes, classes, chosen, onOpen, onChoose }: TileProps) {
  const { t } = useTranslation();
  return (
    <div className="tile-cell" data-chosen={chosen || undefined}>
      <OpenImage onClick={onOpen}>
        <BoxedPicture
          src={pictureOf(album, row.id, 320)}
          alt={row.file}
          lazy
          boxes={boxes ? drawn(row, classes) : []}
          maxHeight="9.5rem"
        />
      </OpenImage>
      <Group gap={6} wrap="nowrap" mt={4}>
        <Checkbox
          size="xs"
          checked={chosen}
          onChange={onChoose}
          aria-label={t("data.chooseImage", { file: row.file })}
        />
        <Text size="xs" truncate title={row.file}>
          {row.file.split("/").at(-1)}
        </Text>
        <Text size="xs" c={row.dropped === null ? "dimmed" : "var(--mantine-color-red-light-color)"} ml="auto">
          {row.dropped === null ? count(row.objects) : "!"}
        </Text>
      </Group>
    </div>
  );
}

export function drawn(row: ImageRow, classes: string[]): DrawnBox[] {
  return row.boxes.map((numbers) => ({ ...boxOf(numbers), title: classes[numbers[0] ?? -1] }));
}

function boxOf([class_id = 0, x = 0, y = 0, width = 0, height = 0, line = 0]: number[]): DrawnBox & { line: number } {
  return { class_id, x, y, width: Math.abs(width), height: Math.abs(height), line };
}

/** Kept boxes, and those of lines that the trainer does not keep as faults. */
export function allBoxes(row: ImageRow): DrawnBox[] {
  return [...row.boxes.map(boxOf), ...row.lost.map((numbers) => ({ ...boxOf(numbers), fault: true }))];
}

/** The same with the box of one line marked, whether the trainer keeps it or not. */
export function marked(row: ImageRow, classes: string[], line: number | null): DrawnBox[] {
  const lost = row.lost.map(boxOf).filter((box) => box.line === line && Math.max(box.x, box.y) <= 2);
  const kept = drawn(row, classes).map((box, at) => ({ ...box, fault: row.boxes[at]?.[5] === line }));
  return [...kept, ...lost.map((box) => ({ ...box, fault: true }))];
}

function Pager(props: { cursor: number; next: string | null; total: number | null; shown: number }) {
  const { t } = useTranslation();
  const [, setView] = useView();
  const { cursor, next, total, shown } = props;
  const go = (to: number) => setView({ cursor: to > 0 ? String(to) : null });
  return (
    <Group justify="space-between" mt="md" gap="sm" data-testid="pager">
      <Text size="sm" c="dimmed" data-testid="range">
        {total === null
          ? t("data.shown", { count: shown, n: count(shown) })
          : t("data.range", { from: count(Math.min(cursor + 1, total)), to: count(cursor + shown), of: count(total) })}
      </Text>
      <Group gap="xs">
        <Button size="xs" variant="default" disabled={cursor === 0} onClick={() => go(total === null ? 0 : cursor - PER_PAGE)}>
          {t(total === null ? "data.first" : "data.previous")}
        </Button>
        {total !== null && total > PER_PAGE && (
          <NumberInput
            key={cursor}
            size="xs"
            w={84}
            min={1}
            max={Math.ceil(total / PER_PAGE)}
            defaultValue={Math.floor(cursor / PER_PAGE) + 1}
            aria-label={t("data.page")}
            onKeyDown={(event) => event.key === "Enter" && go((Number(event.currentTarget.value) - 1) * PER_PAGE)}
          />
        )}
        <Button
          size="xs"
          variant="default"
          disabled={next === null}
          onClick={() => next !== null && go(Number(next))}
          data-testid="next-page"
        >
          {t("data.next")}
        </Button>
      </Group>
    </Group>
  );
}
