// A dataset in figures, from its newest check: labels per class, sizes and places of boxes, sizes of images.
import { SimpleGrid, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { DatasetReport, Histogram } from "../../../api/rest.gen";
import { ClassBars } from "../../../charts/ClassBars";
import { Bars } from "../../../charts/Bars";
import { Places } from "../../../charts/Places";
import { percent } from "../../../parts/format";
import { Dim, Section } from "../../../parts/parts";

export function Figures({ report }: { report: DatasetReport }) {
  const { t } = useTranslation();
  const { figures, total_instances } = report.statistics;
  const { boxes, images } = figures;
  const pixels: [string, Histogram | undefined][] = [
    ["brightness", images.brightness],
    ["contrast", images.contrast],
    ["saturation", images.saturation],
    ["sharpness", images.sharpness],
    ["jpeg_quality", images.jpeg_quality],
  ];
  if (total_instances === 0 && report.total_images === 0) return <Section>{t("data.noImages")}</Section>;
  return (
    <Stack gap="md" data-testid="figures">
      <Section title={t("data.distribution")}>
        <ClassBars splits={report.class_distribution} label={t("data.distribution")} />
      </Section>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
        <Section title={t("data.boxSizes")}>
          <Dim>
            {t("data.bySize", {
              small: percent(100 * (boxes.by_size["small"] ?? 0)),
              medium: percent(100 * (boxes.by_size["medium"] ?? 0)),
              large: percent(100 * (boxes.by_size["large"] ?? 0)),
              px: figures.imgsz,
            })}
          </Dim>
          <Bars histogram={boxes.side_px} label={t("data.boxSizes")} testId="box-sizes" />
        </Section>
        <Section title={t("data.boxPlaces")}>
          <Dim>{t("data.boxPlacesHint")}</Dim>
          <Places grid={boxes.position} label={t("data.boxPlaces")} />
        </Section>
        <Section title={t("data.boxShapes")}>
          <Dim>{t("data.boxShapesHint")}</Dim>
          <Bars histogram={boxes.aspect_log2} label={t("data.boxShapes")} testId="box-shapes" />
        </Section>
        <Section title={t("data.perImage")}>
          <Dim>{t("data.perImageHint")}</Dim>
          <Bars histogram={boxes.per_image} label={t("data.perImage")} testId="boxes-per-image" />
        </Section>
        <Section title={t("data.imageWidths")}>
          <Dim>
            {Object.entries(images.formats)
              .map(([name, n]) => `${name} ${n}`)
              .join(" · ")}
          </Dim>
          <Bars histogram={images.width} label={t("data.imageWidths")} testId="image-widths" />
        </Section>
        {pixels.map(
          ([name, histogram]) =>
            histogram && (
              <Section key={name} title={t(`data.pixel.${name}`)}>
                <Bars histogram={histogram} label={t(`data.pixel.${name}`)} testId={name} />
              </Section>
            ),
        )}
      </SimpleGrid>
      {images.brightness === undefined && (
        <Text size="sm" c="dimmed">
          {t("data.pixelsInFull")}
        </Text>
      )}
    </Stack>
  );
}
