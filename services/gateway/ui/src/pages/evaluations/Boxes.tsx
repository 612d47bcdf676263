// The boxes behind a number, as crops; a click shows the whole image with labels and predictions.
import { Button, Group, Modal, SimpleGrid, Text, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type JudgedBox, type Point, cropUrl, pictureUrl, useBoxes } from "../../api/panels";
import { baseName, count } from "../../parts/format";
import { Dim, Section, Trouble } from "../../parts/parts";

const FIRST = 24;
const MOST = 480;

export function Boxes(props: { id: string; reference: string; point: Point; title: string; onClose: () => void }) {
  const { t } = useTranslation();
  const [limit, setLimit] = useState(FIRST);
  const [open, setOpen] = useState<JudgedBox | null>(null);
  const page = useBoxes(props.id, props.reference, limit);
  if (page.isError) return <Trouble error={page.error} />;
  const boxes = page.data?.boxes ?? [];
  const total = page.data?.total ?? 0;
  return (
    <Section
      title={`${props.title} · ${count(total)}`}
      testId="boxes"
      aside={
        <Button size="compact-xs" variant="subtle" color="gray" onClick={props.onClose} data-testid="boxes-close">
          {t("evals.close")}
        </Button>
      }
    >
      {page.data && total === 0 && <Dim>{t("evals.noBoxes")}</Dim>}
      <SimpleGrid cols={{ base: 2, xs: 3, sm: 4, md: 6 }} spacing="xs">
        {boxes.map((box) => (
          <UnstyledButton key={box.id} className="crop" onClick={() => setOpen(box)} title={baseName(box.image_path)}>
            <Crop src={cropUrl(props.id, box.id, props.point)} alt={`${box.class} ${box.id}`} />
            <Text size="xs" truncate>
              {box.class}
              {box.true_class && box.true_class !== box.class && ` → ${box.true_class}`}
            </Text>
            <Text size="xs" c="dimmed">
              {box.confidence === undefined ? t("evals.label") : box.confidence.toFixed(2)}
              {box.cause && ` · ${t(`evals.cause.${box.cause}`)}`}
            </Text>
          </UnstyledButton>
        ))}
      </SimpleGrid>
      {boxes.length < total && limit < MOST && (
        <Group justify="center" mt="sm">
          <Button size="xs" variant="light" loading={page.isFetching} onClick={() => setLimit((now) => 2 * now)}>
            {t("evals.more", { shown: boxes.length, total })}
          </Button>
        </Group>
      )}
      <Modal opened={open !== null} onClose={() => setOpen(null)} size="auto" title={open && baseName(open.image_path)}>
        {open && (
          <div className="whole">
            <Crop src={pictureUrl(props.id, open.image, props.point)} alt={baseName(open.image_path)} />
            <Dim>{t("evals.legend")}</Dim>
          </div>
        )}
      </Modal>
    </Section>
  );
}

/** The picture, or a word where the image changed since it was judged. */
function Crop({ src, alt }: { src: string; alt: string }) {
  const { t } = useTranslation();
  const [gone, setGone] = useState<string | null>(null);
  if (gone === src) return <Dim>{t("evals.gone")}</Dim>;
  return <img src={src} alt={alt} loading="lazy" onError={() => setGone(src)} />;
}
