// The state of an evaluation's page, all of it in the address: point, filters, what is open, marks.
import { useEffect, useMemo, useState } from "react";
import type { Narrowed, Overlay, Point } from "../../api/panels";
import { useView, viewNow } from "../../parts/view";
import { type Mark, marksOf, textOfMarks } from "./marks";
import { type Selection, selectionOf, wordOf } from "./selection";

const SIZES = ["small", "medium", "large"] as const;

export interface EvaluationState {
  /** As dragged; the address follows when the slider is let go. */
  point: Point;
  narrowed: Narrowed;
  selection: Selection | null;
  /** Whole images in place of crops. */
  whole: boolean;
  overlay: Overlay;
  /** The box or image that is shown large: `d12@5`, or `@5`. */
  open: string | null;
  marks: Mark[];
  drag: (change: Partial<Point>) => void;
  settle: (change?: Partial<Point>, selection?: Selection) => void;
  narrow: (change: Partial<Narrowed>) => void;
  select: (selection: Selection | null) => void;
  show: (change: { whole?: boolean; truth?: boolean; said?: boolean; open?: string | null }) => void;
  mark: (change: (marks: Mark[]) => Mark[]) => void;
}

export function useEvaluationState(start: Point): EvaluationState {
  const [view, change] = useView();
  const [dragged, setDragged] = useState<Partial<Point>>({});
  const [confidence, iou] = [view.get("confidence"), view.get("iou")];
  useEffect(() => setDragged({}), [confidence, iou]);
  const point = useMemo(
    () => ({ confidence: within(confidence, start.confidence, 0), iou: within(iou, start.iou, 0.1), ...dragged }),
    [confidence, iou, dragged, start.confidence, start.iou],
  );
  const [cls, size, word, marks] = [view.get("class"), view.get("size"), view.get("sel"), view.get("marks")];
  const narrowed = useMemo(() => ({ class: cls, size: SIZES.find((each) => each === size) ?? null }), [cls, size]);
  const selection = useMemo(() => selectionOf(word), [word]);
  const kept = useMemo(() => marksOf(marks), [marks]);
  const [truth, said] = [view.get("gt") !== "0", view.get("pred") !== "0"];
  const replace = { replace: true };
  return {
    point,
    narrowed,
    selection,
    whole: view.get("as") === "images" || selection?.of === "images",
    overlay: truth ? (said ? "gt,pred" : "gt") : said ? "pred" : "none",
    open: view.get("open"),
    marks: kept,
    drag: (moved) => setDragged((now) => ({ ...now, ...moved })),
    settle: (moved = {}, chosen) => {
      const next = { ...point, ...moved };
      setDragged(next);
      change(
        { confidence: String(next.confidence), iou: String(next.iou), ...(chosen ? { sel: wordOf(chosen), open: null } : {}) },
        replace,
      );
    },
    narrow: (moved) => {
      const next = { ...narrowed, ...moved };
      change({ class: next.class, size: next.size, open: null }, replace);
    },
    select: (chosen) => change({ sel: chosen && wordOf(chosen), open: null }),
    show: (wish) => {
      change(
        {
          ...(wish.whole === undefined ? {} : { as: wish.whole ? "images" : null }),
          ...(wish.truth === undefined ? {} : { gt: wish.truth ? null : "0" }),
          ...(wish.said === undefined ? {} : { pred: wish.said ? null : "0" }),
          ...(wish.open === undefined ? {} : { open: wish.open }),
        },
        replace,
      );
    },
    mark: (changed) =>
      change({ marks: textOfMarks(changed(marksOf(viewNow().get("marks")))), preview: null, applied: null, undo: null }, replace),
  };
}

function within(text: string | null, otherwise: number, low: number): number {
  const value = text === null || text === "" ? Number.NaN : Number(text);
  return value >= low && value <= 1 ? value : otherwise;
}
