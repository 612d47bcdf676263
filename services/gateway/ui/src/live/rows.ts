// Rows of a run's history as epochs, read once, in pieces where they are many.
import type { HistoryRow } from "../api/types";
import { asNumber } from "./frames";
import type { EpochPoint } from "./state";

const METRICS: Record<string, string> = {
  "metrics/precision(B)": "precision",
  "metrics/recall(B)": "recall",
  "metrics/mAP50(B)": "map50",
  "metrics/mAP50-95(B)": "map50_95",
};

type Group = "train" | "val" | "rates" | "metrics";
const GROUPS: Record<string, Group> = { train: "train", val: "val", lr: "rates" };
const places = new Map<string, [Group, string] | null>();

/** Where a column of results.csv goes; found once per column, for a run has many rows. */
function placeOf(column: string): [Group, string] | null {
  const known = places.get(column);
  if (known !== undefined) return known;
  const [group = "", name] = column.split("/");
  const metric = METRICS[column];
  const inside = GROUPS[group];
  const place: [Group, string] | null = metric ? ["metrics", metric] : inside && name ? [inside, name] : null;
  places.set(column, place);
  return place;
}

/** A row of results.csv as an epoch of attempt 0, so that the same epoch told live replaces it. */
export function epochOfRow(row: HistoryRow): EpochPoint {
  const point: EpochPoint = {
    epoch: Number(row["epoch"]),
    epochs: 0,
    attempt: 0,
    seq: 0,
    train: {},
    val: {},
    metrics: {},
    rates: {},
    seconds: asNumber(row["seconds"]) ?? 0,
  };
  for (const column in row) {
    const place = placeOf(column);
    const number = place && asNumber(row[column]);
    if (place && typeof number === "number") point[place[0]][place[1]] = number;
  }
  return point;
}

const read = new WeakMap<readonly HistoryRow[], EpochPoint[]>();

/** The rows as epochs, in order; read once, however often the socket tells more. */
export function epochsOf(history: readonly HistoryRow[]): EpochPoint[] {
  return read.get(history) ?? keep(history, history.map(epochOfRow));
}

const AT_ONCE = 2000;

/** Reads them before somebody shows them, so that no single task has all to do. */
export async function readInPieces(history: readonly HistoryRow[]): Promise<void> {
  const points: EpochPoint[] = [];
  for (let from = 0; from < history.length; from += AT_ONCE) {
    await new Promise((later) => setTimeout(later));
    for (const row of history.slice(from, from + AT_ONCE)) points.push(epochOfRow(row));
  }
  keep(history, points);
}

function keep(history: readonly HistoryRow[], points: EpochPoint[]): EpochPoint[] {
  const known = points.filter((point) => Number.isFinite(point.epoch)).sort((a, b) => a.epoch - b.epoch);
  read.set(history, known);
  return known;
}
