// The numbers at the top: rates at the operating point, false alarms beside F1, and what sort of boxes they count.
import { Group, SimpleGrid, Text, UnstyledButton } from "@mantine/core";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { useSection } from "../../api/judgements";
import type { Narrowed, Panels, Point } from "../../api/panels";
import type { Bounds } from "../../api/rest.gen";
import { count, share } from "../../parts/format";
import { Dim } from "../../parts/parts";
import type { Kind, Selection } from "./selection";

const KINDS: Kind[] = ["tp", "fp", "fn"];
const FIXED = new Set(["map50", "map50_95"]);

interface HeadlineProps {
  id: string;
  found: Panels;
  start: Point;
  narrowed: Narrowed;
  onOpen: (selection: Selection) => void;
}

export const Headline = memo(function Headline({ id, found, start, narrowed, onOpen }: HeadlineProps) {
  const { t } = useTranslation();
  const { headline, false_alarms: alarms } = found;
  const { data: sure } = useSection(id, "uncertainty");
  const asJudged = found.confidence === start.confidence && found.iou === start.iou && !narrowed.class && !narrowed.size;
  const values: [name: string, label: string, value: string, scale: number][] = [
    ["f1_score", t("metric.f1_score"), share(headline.f1_score), 1],
    ["false_alarms_per_1000", t("evals.alarms"), alarms.per_1000_images === null ? "—" : alarms.per_1000_images.toFixed(1), 0],
    ["precision", t("metric.precision"), share(headline.precision), 1],
    ["recall", t("metric.recall"), share(headline.recall), 1],
    ["accuracy", t("metric.accuracy"), share(headline.accuracy), 1],
    ["map50", "mAP50", share(found.map50), 1],
    ["map50_95", "mAP50-95", share(found.map50_95), 1],
  ];
  return (
    <>
      <SimpleGrid cols={{ base: 2, xs: 3, md: 7 }} spacing="sm">
        {values.map(([name, label, value, scale]) => (
          <section key={name} className="card figure-card" aria-label={label}>
            <Dim>{label}</Dim>
            <div>
              <Text component="div" className="figure" data-testid={`figure-${name === "false_alarms_per_1000" ? "alarms" : name}`}>
                {value}
              </Text>
              {(asJudged || FIXED.has(name)) && <Between sure={sure?.intervals[name]} digits={scale === 1 ? 3 : 1} />}
            </div>
          </section>
        ))}
      </SimpleGrid>
      <Group gap="xs">
        {KINDS.map((kind) => (
          <UnstyledButton key={kind} className="chip" onClick={() => onOpen({ of: "all", kind, name: "" })} data-testid={`kind-${kind}`}>
            {t(`evals.kind.${kind}`)} <b>{count(headline[kind])}</b>
          </UnstyledButton>
        ))}
        <UnstyledButton className="chip" onClick={() => onOpen({ of: "images" })} data-testid="kind-images">
          {t("evals.worstImages")} <b>{count(headline.images)}</b>
        </UnstyledButton>
        <Dim>
          {alarms.clean_images > 0
            ? t("evals.clean", { alarms: count(alarms.alarms), images: count(alarms.clean_images) })
            : t("evals.noClean")}
        </Dim>
      </Group>
    </>
  );
});

function Between({ sure, digits }: { sure: Bounds | null | undefined; digits: number }) {
  const { t } = useTranslation();
  if (!sure) return null;
  return (
    <Text size="xs" c="dimmed" title={t("evals.interval")}>
      {`${sure.low.toFixed(digits)}–${sure.high.toFixed(digits)}`}
    </Text>
  );
}
