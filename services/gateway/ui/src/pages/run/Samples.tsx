// Validation images with labelled and predicted boxes, sheet by sheet: a slider over the epochs.
import { Group, Slider, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { get } from "../../api/client";
import { Dim, Section } from "../../parts/parts";
import { useTyped } from "../../parts/useTyped";

interface Sheet {
  epoch: number;
  labels: number;
  predictions: number;
  images: string[];
  url: string;
}

export function Samples({ id, ended }: { id: string; ended: boolean }) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useTyped("sample");
  const sheets = useQuery({
    queryKey: ["samples", id, ended],
    queryFn: ({ signal }) => get<Sheet[]>(`/training/${encodeURIComponent(id)}/samples`, signal),
    refetchOnMount: "always",
  });
  const all = sheets.data ?? [];
  const wanted = chosen === "" ? Number.POSITIVE_INFINITY : Number(chosen);
  const at = Math.max(0, all.findLastIndex((sheet) => sheet.epoch <= wanted));
  const shown = all[at];
  if (!shown) return null;
  const choose = (index: number) => setChosen(index === all.length - 1 ? "" : String(all[index]?.epoch)); // "": also those to come
  return (
    <Section
      title={t("run.samples")}
      testId="samples"
      aside={<Dim>{t("run.sampleCounts", { labels: shown.labels, predictions: shown.predictions })}</Dim>}
    >
      <Group wrap="nowrap" gap="md" mb="sm">
        <Text size="sm" fw={600} style={{ whiteSpace: "nowrap" }} data-testid="sample-epoch">
          {t("run.sampleEpoch", { epoch: shown.epoch })}
        </Text>
        {all.length > 1 && (
          <Slider
            flex={1}
            size="sm"
            min={0}
            max={all.length - 1}
            value={at}
            label={(index) => all[index]?.epoch}
            onChange={choose}
            thumbLabel={t("run.sampleSlider")}
            data-testid="sample-slider"
          />
        )}
      </Group>
      <a href={shown.url} target="_blank" rel="noreferrer" className="sheet">
        <img src={shown.url} alt={t("run.sampleAlt", { epoch: shown.epoch, images: shown.images.join(", ") })} />
      </a>
      {all.slice(Math.max(0, at - 1), at + 2).map((sheet) => (
        <link key={sheet.url} rel="prefetch" as="image" href={sheet.url} />
      ))}
    </Section>
  );
}
