// Labels that the model contradicts, the most doubtful first; each opens large, or goes into the patch as it is.
import { Button, Group, Text, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSection } from "../../api/judgements";
import type { DoubtedLabel } from "../../api/rest.gen";
import { cropUrl } from "../../api/panels";
import { baseName, count } from "../../parts/format";
import { Dim, Section } from "../../parts/parts";
import { useView } from "../../parts/view";
import { Shot } from "./gallery/Gallery";
import { type Fix, marksOf, textOfMarks } from "./marks";

const FIRST = 12;
const FIXES: Record<DoubtedLabel["kind"], Fix> = { overlooked: "add", swapped: "class", badly_placed: "box" };
const ANY = { confidence: 0, iou: 0.5 };

export function Doubts({ id }: { id: string }) {
  const { t } = useTranslation();
  const { data } = useSection(id, "suspects");
  const [view, setView] = useView();
  const [limit, setLimit] = useState(FIRST);
  if (!data) return null;
  const marks = marksOf(view.get("marks"));
  const fresh = { preview: null, applied: null, undo: null };
  const flip = (suspect: DoubtedLabel) => {
    const others = marks.filter((each) => each.box !== suspect.detection);
    const next = others.length < marks.length ? others : [...marks, { box: suspect.detection, image: suspect.image, fix: FIXES[suspect.kind] }];
    setView({ marks: textOfMarks(next), ...fresh }, { replace: true });
  };
  return (
    <Section title={`${t("evals.doubts")} · ${count(data.suspects.length)}`} testId="doubts">
      <Dim>{data.suspects.length > 0 ? t("evals.doubtsHint") : data.note ? t("evals.doubtsUnsure") : t("evals.noDoubts")}</Dim>
      <div className="crops wide">
        {data.suspects.slice(0, limit).map((suspect) => {
          const chosen = marks.some((each) => each.box === suspect.detection);
          return (
            <div key={suspect.detection} className="doubt" data-marked={chosen || undefined}>
              <UnstyledButton
                className="crop"
                title={baseName(suspect.image_path)}
                onClick={() => setView({ sel: "boxes", open: `${suspect.detection}@${suspect.image}` })}
              >
                <Shot src={cropUrl(id, suspect.detection, ANY, "gt,pred")} alt={`${baseName(suspect.image_path)} ${suspect.said}`} />
              </UnstyledButton>
              <Text size="sm">{t(`evals.doubt.${suspect.kind}`, { class: suspect.class, said: suspect.said, sure: Math.round(100 * suspect.confidence) })}</Text>
              <Button size="compact-xs" variant={chosen ? "filled" : "default"} aria-pressed={chosen} onClick={() => flip(suspect)} data-testid="take-doubt">
                {t(chosen ? "evals.taken" : `evals.fix.${FIXES[suspect.kind]}`)}
              </Button>
            </div>
          );
        })}
      </div>
      {data.suspects.length > limit && (
        <Group justify="center" mt="sm">
          <Button size="xs" variant="light" onClick={() => setLimit(2 * limit)}>
            {t("evals.more", { shown: limit, total: data.suspects.length })}
          </Button>
        </Group>
      )}
    </Section>
  );
}
