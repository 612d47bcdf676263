// Which number was clicked, kept apart from the operating point, so that its boxes follow the sliders.
import type { Panels } from "../../api/panels";

export type Selection =
  | { of: "all" | "class"; kind: "tp" | "fp" | "fn"; name: string }
  | { of: "cause"; name: string }
  | { of: "cell"; row: number; column: number };

/** Where the boxes behind the number are, at the point of these panels; null if the number is gone. */
export function referenceOf(panels: Panels, selection: Selection): string | null {
  switch (selection.of) {
    case "all":
      return panels.headline.boxes[selection.kind];
    case "class":
      return panels.class_metrics[selection.name]?.boxes[selection.kind] ?? null;
    case "cause":
      return panels.causes[selection.name]?.boxes ?? null;
    case "cell":
      return panels.confusion.boxes.replace("{row}", String(selection.row)).replace("{column}", String(selection.column));
  }
}

const MOST_WHOLE = 24;

export interface Shown {
  names: string[];
  counts: number[][];
  /** The place of each shown class in the whole matrix. */
  places: number[];
}

/** The matrix with its zeros; of many classes only those that have a cell, and background. */
export function shown(panels: Panels): Shown {
  const { names, cells } = panels.confusion;
  const used = new Set([names.length - 1, ...cells.flatMap(([row, column]) => [row, column])]);
  const places = names.map((_, at) => at).filter((at) => names.length <= MOST_WHOLE || used.has(at));
  const at = new Map(places.map((place, row) => [place, row]));
  const counts = places.map(() => places.map(() => 0));
  for (const [row, column, count] of cells) {
    const line = counts[at.get(row) ?? -1];
    if (line) line[at.get(column) ?? -1] = count;
  }
  return { names: places.map((place) => names[place] ?? ""), counts, places };
}
