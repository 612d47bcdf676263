// One image, large: labels and detections over it, the list of both beside it, and what is wrong with a label.
import { Badge, Button, Chip, Group, Modal, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { type JudgedImage, type Point, type SomeBox, pictureUrl, useJudgedImage } from "../../../api/panels";
import { BoxedPicture, type DrawnBox } from "../../../parts/BoxedPicture";
import { baseName } from "../../../parts/format";
import { Dim, Trouble } from "../../../parts/parts";
import { fixesOf, marked } from "../marks";
import type { EvaluationState } from "../state";
import { Why } from "./Why";
import type { Item } from "./items";

interface LargeProps {
  id: string;
  state: EvaluationState;
  point: Point;
  item: Item | null;
  /** Kept while the window closes, so that it does not flicker. */
  shownKey: string | null;
  place: string;
  onStep: (by: 1 | -1) => void;
  split: string;
}

const WIDTH_PX = 1280;
const COLOURS = { found: "#2f9e44", tp: "#4c8dff", fp: "#e03131", fn: "#f08c00" };

export function Large({ id, state, point, item, shownKey, place, onStep, split }: LargeProps) {
  const { t } = useTranslation();
  const image = numberOf(shownKey);
  const answer = useJudgedImage(id, image, point);
  const facts = answer.data?.image === image ? answer.data : undefined;
  const chosen = item?.box?.id ?? shownKey?.split("@")[0] ?? "";
  const truth = state.overlay.includes("gt");
  const said = state.overlay.includes("pred");
  return (
    <Modal
      opened={state.open !== null}
      onClose={() => state.show({ open: null })}
      size="78rem"
      title={facts ? `${baseName(facts.image_path)}  ${place}` : t("app.loading")}
      closeButtonProps={{ "aria-label": t("app.close") }}
    >
      {answer.isError && <Trouble error={answer.error} />}
      {facts && image !== null && (
        <div className="image-view" data-testid="large">
          <div className="image-frame">
            <BoxedPicture
              src={pictureUrl(id, image, point, "none", WIDTH_PX)}
              alt={baseName(facts.image_path)}
              boxes={[...(truth ? facts.ground_truth : []), ...(said ? facts.prediction_boxes : [])].map((box) => drawn(box, facts, chosen))}
              maxHeight="68vh"
              ratio={facts.width / facts.height}
            />
          </div>
          <Stack gap="sm" miw={0}>
            <Group gap={6}>
              <Button size="compact-sm" variant="default" onClick={() => onStep(-1)} aria-label={t("evals.before")}>
                ←
              </Button>
              <Button size="compact-sm" variant="default" onClick={() => onStep(1)} aria-label={t("evals.after")}>
                →
              </Button>
              <Chip size="xs" checked={truth} onChange={(on) => state.show({ truth: on })}>
                {t("evals.truth")}
              </Chip>
              <Chip size="xs" checked={said} onChange={(on) => state.show({ said: on })}>
                {t("evals.said")}
              </Chip>
            </Group>
            <Dim>
              {split} · {facts.width} × {facts.height} px
            </Dim>
            <BoxList title={t("evals.truth")} boxes={facts.ground_truth} {...{ chosen, state, id }} />
            <BoxList title={t("evals.said")} boxes={facts.prediction_boxes} {...{ chosen, state, id }} />
            <Dim>{t("evals.keys")}</Dim>
          </Stack>
        </div>
      )}
    </Modal>
  );
}

function numberOf(key: string | null): number | null {
  const text = key?.split("@")[1] ?? "";
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function colourOf(box: SomeBox): string {
  if (box.id.startsWith("l")) return box.kind === "tp" ? COLOURS.found : COLOURS.fn;
  return box.kind === "tp" ? COLOURS.tp : COLOURS.fp;
}

function drawn(box: SomeBox, { width, height }: JudgedImage, chosen: string): DrawnBox {
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = box.bbox;
  return {
    class_id: 0,
    x: (x1 + x2) / 2 / width,
    y: (y1 + y2) / 2 / height,
    width: (x2 - x1) / width,
    height: (y2 - y1) / height,
    title: `${box.class}${box.confidence === undefined ? "" : ` ${box.confidence.toFixed(2)}`}`,
    colour: colourOf(box),
    dashed: box.id.startsWith("l"),
    strong: box.id === chosen,
  };
}

function BoxList(props: { title: string; boxes: SomeBox[]; chosen: string; state: EvaluationState; id: string }) {
  const { t } = useTranslation();
  const { state, chosen } = props;
  return (
    <div>
      <Text size="xs" fw={650}>
        {props.title} · {props.boxes.length}
      </Text>
      <ul className="plain judged-boxes">
        {props.boxes.map((box) => (
          <li key={box.id} data-chosen={box.id === chosen || undefined}>
            <Group gap={6} wrap="nowrap">
              <span className="dot" style={{ "--dot": colourOf(box) } as React.CSSProperties} />
              <Text size="sm" truncate flex={1}>
                {box.class}
                {box.confidence !== undefined && ` ${box.confidence.toFixed(2)}`}
              </Text>
              {box.cause ? (
                <Badge size="xs" variant="light" color="red" tt="none">
                  {t(`evals.cause.${box.cause}`)}
                </Badge>
              ) : (
                <Dim>{t(`evals.kind.${box.kind ?? "fp"}`)}</Dim>
              )}
            </Group>
            {box.id === chosen && <Wrong box={box} state={state} />}
            {box.id === chosen && box.id.startsWith("d") && <Why key={box.id} id={props.id} box={box.id} />}
            {box.id !== chosen && (
              <button type="button" className="link" onClick={() => state.show({ open: `${box.id}@${box.image}` })}>
                {t("evals.choose")}
              </button>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Wrong({ box, state }: { box: SomeBox; state: EvaluationState }) {
  const { t } = useTranslation();
  const now = state.marks.find((mark) => mark.box === box.id);
  return (
    <Group gap={4} mt={4} role="group" aria-label={t("evals.wrong")}>
      <Dim>{t("evals.wrong")}</Dim>
      {fixesOf(box).map((fix) => (
        <Chip
          key={fix}
          size="xs"
          checked={now?.fix === fix}
          onChange={(on) => state.mark((marks) => marked(marks, box, on ? fix : null))}
          data-testid={`fix-${fix}`}
        >
          {t(`evals.fix.${fix}`)}
        </Chip>
      ))}
    </Group>
  );
}
