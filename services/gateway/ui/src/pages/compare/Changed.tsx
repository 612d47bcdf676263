// The images on which the models differ, side by side, the boxes that changed named above.
import { Badge, Button, Chip, Group, Modal, SimpleGrid, Stack, Text } from "@mantine/core";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { type Kind, useChangedBoxes } from "../../api/comparisons";
import type { ComparedBox, ComparedCandidate } from "../../api/rest.gen";
import { address } from "../../api/typed";
import { baseName } from "../../parts/format";
import { Dim, Section, Trouble } from "../../parts/parts";

const FIRST = 6;
const KINDS: Kind[] = ["broken", "fixed", "still_wrong", "still_right"];

interface ChangedProps {
  id: string;
  base: string;
  candidate: ComparedCandidate;
  names: [base: string, candidate: string];
}

export function Changed({ id, base, candidate, names }: ChangedProps) {
  const { t } = useTranslation();
  const [query, setQuery] = useSearchParams();
  const set = (name: string, value: string | null) =>
    setQuery((before) => (value === null ? before.delete(name) : before.set(name, value), before), { replace: true });
  const { labels, false_positives } = candidate.boxes;
  const first = labels.broken + false_positives.broken > 0 ? "broken" : "fixed";
  const kind = KINDS.find((each) => each === query.get("kind")) ?? first;
  const of = query.get("of") === "label" ? "label" : query.get("of") === "false_positive" ? "false_positive" : null;
  const cls = query.get("class");
  const boxes = useChangedBoxes(id, { candidate: candidate.validation_id, kind, of, cls });
  const images = useMemo(() => grouped(boxes.data?.pages.flatMap((page) => page.boxes) ?? []), [boxes.data]);
  const total = boxes.data?.pages[0]?.total ?? 0;
  const [shown, setShown] = useState(FIRST);
  const more = () => {
    setShown(shown + 2 * FIRST);
    if (images.length < shown + 2 * FIRST && boxes.hasNextPage) void boxes.fetchNextPage();
  };
  return (
    <Section title={t("compare.changed")} testId="changed">
      <Stack gap="sm">
        <Group gap="xs">
          <Chip.Group value={kind} onChange={(value) => set("kind", String(value))}>
            {KINDS.map((each) => (
              <Chip key={each} value={each} size="xs" data-testid={`kind-${each}`}>
                {t(`compare.kind.${each}`)} {labels[each] + false_positives[each]}
              </Chip>
            ))}
          </Chip.Group>
          <Chip.Group value={of ?? "all"} onChange={(value) => set("of", value === "all" ? null : String(value))}>
            {["all", "label", "false_positive"].map((each) => (
              <Chip key={each} value={each} size="xs" variant="light">
                {t(`compare.of.${each}`)}
              </Chip>
            ))}
          </Chip.Group>
          {cls !== null && (
            <Button size="compact-xs" variant="light" onClick={() => set("class", null)} data-testid="class-filter">
              {cls} ×
            </Button>
          )}
        </Group>
        <Dim>{t(`compare.kindHint.${kind}`)}</Dim>
        {boxes.isError && <Trouble error={boxes.error} onRetry={() => void boxes.refetch()} />}
        {boxes.isSuccess && total === 0 && <Dim>{t("compare.noBoxes")}</Dim>}
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg" verticalSpacing="md">
          {images.slice(0, shown).map((image) => (
            <Pair key={image.path} image={image} base={base} candidate={candidate.validation_id} names={names} />
          ))}
        </SimpleGrid>
        {(images.length > shown || boxes.hasNextPage) && (
          <Button variant="default" size="xs" w="fit-content" loading={boxes.isFetchingNextPage} onClick={more} data-testid="more-pairs">
            {t("compare.more")}
          </Button>
        )}
      </Stack>
    </Section>
  );
}

interface Image {
  path: string;
  boxes: ComparedBox[];
}

function grouped(boxes: ComparedBox[]): Image[] {
  const found = new Map<string, Image>();
  for (const box of boxes) {
    const image = found.get(box.image_path) ?? { path: box.image_path, boxes: [] };
    image.boxes.push(box);
    found.set(box.image_path, image);
  }
  return [...found.values()];
}

const SIDES = ["base", "candidate"] as const;

function Pair({ image, base, candidate, names }: { image: Image; base: string; candidate: string; names: [string, string] }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState<number | null>(null);
  const box = image.boxes[0];
  if (!box) return null;
  const url = (at: number, width: number) =>
    address("GET /model/validate/{validation_id}/images/{image}/picture", {
      path: { validation_id: at === 0 ? base : candidate, image: box[SIDES[at] ?? "base"].image },
      query: { width, format: "webp" },
    });
  return (
    <div data-testid="pair">
      <Group gap={6} mb={4}>
        <Text size="sm" fw={600} className="mono">
          {baseName(image.path)}
        </Text>
        {counted(image.boxes).map(([text, key, n]) => (
          <Badge key={text} size="xs" variant="light" tt="none" color={key === "fixed" || key === "still_right" ? "teal" : key === "broken" ? "red" : "gray"}>
            {text}
            {n > 1 && ` × ${n}`}
          </Badge>
        ))}
      </Group>
      <div className="side-by-side">
        {SIDES.map((side, at) => (
          <figure key={side} style={{ margin: 0, minWidth: 0 }}>
            <button type="button" className="picture" onClick={() => setOpen(at)} aria-label={t("compare.openImage", { name: baseName(image.path), model: names[at] })}>
              <img src={url(at, 480)} alt={`${baseName(image.path)} · ${names[at]}`} loading="lazy" />
            </button>
            <Text component="figcaption" size="xs" c="dimmed" truncate>
              {names[at]}
            </Text>
          </figure>
        ))}
      </div>
      <Modal opened={open !== null} onClose={() => setOpen(null)} title={`${baseName(image.path)} · ${names[open ?? 0]}`} size="70rem" closeButtonProps={{ "aria-label": t("app.close") }}>
        {open !== null && (
          <>
            <img src={url(open, 1280)} alt={baseName(image.path)} style={{ width: "100%" }} />
            <Group justify="center" mt="xs">
              <Button size="xs" variant="default" onClick={() => setOpen(1 - open)}>
                {t("compare.flip", { model: names[1 - open] })}
              </Button>
            </Group>
          </>
        )}
      </Modal>
    </div>
  );
}

function counted(boxes: ComparedBox[]): [text: string, kind: Kind, count: number][] {
  const found = new Map<string, [string, Kind, number]>();
  for (const { kind, of, class: cls } of boxes) {
    const text = of === "label" ? cls : `${cls} ✗`;
    const row = found.get(text) ?? [text, kind, 0];
    row[2] += 1;
    found.set(text, row);
  }
  return [...found.values()];
}
