// Which number was clicked, kept apart from the operating point, so that its boxes follow the sliders.
import type { Panels } from "../../api/panels";

export type Kind = "tp" | "fp" | "fn";

export type Selection =
  | { of: "all" | "class"; kind: Kind; name: string }
  | { of: "cause"; name: string }
  | { of: "cell"; row: string; column: string }
  | { of: "boxes" }
  | { of: "images" };

/** As one word for the address. */
export function wordOf(selection: Selection): string {
  switch (selection.of) {
    case "all":
      return selection.kind;
    case "class":
      return `${selection.kind}.${selection.name}`;
    case "cause":
      return `cause.${selection.name}`;
    case "cell":
      return `cell.${JSON.stringify([selection.row, selection.column])}`;
    default:
      return selection.of;
  }
}

const WORD = /^(tp|fp|fn|cause|cell|boxes|images)(?:\.(.+))?$/s;

export function selectionOf(word: string | null): Selection | null {
  const [, of, rest] = WORD.exec(word ?? "") ?? [];
  if (of === "boxes" || of === "images") return { of };
  if (of === "cause") return rest === undefined ? null : { of, name: rest };
  if (of === "cell") return cellOf(rest ?? "");
  if (of === "tp" || of === "fp" || of === "fn") {
    return rest === undefined ? { of: "all", kind: of, name: "" } : { of: "class", kind: of, name: rest };
  }
  return null;
}

function cellOf(text: string): Selection | null {
  try {
    const [row, column] = JSON.parse(text) as unknown[];
    return typeof row === "string" && typeof column === "string" ? { of: "cell", row, column } : null;
  } catch {
    return null;
  }
}

/** Where the boxes behind the number are, at the point of these panels; null if the number is gone. */
export function referenceOf(panels: Panels, selection: Selection): string | null {
  const { boxes } = panels.headline;
  switch (selection.of) {
    case "all":
      return boxes[selection.kind] ?? null;
    case "class":
      return panels.class_metrics[selection.name]?.boxes[selection.kind] ?? null;
    case "cause":
      return panels.causes[selection.name]?.boxes ?? null;
    case "cell": {
      const { names, boxes: template } = panels.confusion;
      if (!names.includes(selection.row) || !names.includes(selection.column)) return null;
      return template
        .replace("{row}", () => encodeURIComponent(selection.row))
        .replace("{column}", () => encodeURIComponent(selection.column));
    }
    case "boxes":
      return (boxes["tp"] ?? "").replace(/&?kind=tp/, "");
    case "images":
      return null;
  }
}

export interface Shown {
  names: string[];
  counts: number[][];
}

/** The matrix with its zeros; `onlyErrors` leaves out classes that are never confused. Background stays. */
export function shown(panels: Panels, onlyErrors: boolean): Shown {
  const { names, cells } = panels.confusion;
  const used = new Set([names.length - 1]);
  for (const [row, column] of cells) {
    if (row !== column || !onlyErrors) used.add(row).add(column);
  }
  const places = names.flatMap((_, at) => (!onlyErrors || used.has(at) ? [at] : []));
  const at = new Map(places.map((place, row) => [place, row]));
  const counts = places.map(() => places.map(() => 0));
  for (const [row, column, count] of cells) {
    const line = counts[at.get(row) ?? -1];
    const place = at.get(column);
    if (line && place !== undefined) line[place] = count;
  }
  return { names: places.map((place) => names[place] ?? ""), counts };
}
