// The part of the log that the page holds, as a fold over the pages that come: each event once, in order, bounded. Pure.
import type { StoredEvent } from "../../api/rest.gen";
import { type LogPage, PAGE } from "../../api/log";

export const MOST = 5000;

export interface Rows {
  /** The oldest first. */
  rows: StoredEvent[];
  /** Everything up to this sequence was looked through. */
  last: number;
  before: number | null;
  loaded: boolean;
  /** The last page forwards was a full one: there may be more that is not live. */
  full: boolean;
}

export const NOTHING: Rows = { rows: [], last: 0, before: null, loaded: false, full: false };

export type Came = { kind: "first" | "later" | "older"; page: LogPage };

export function withPage(now: Rows, { kind, page }: Came): Rows {
  const full = page.rows.length >= PAGE;
  if (kind === "first") return { rows: page.rows, last: page.last, before: page.before, loaded: true, full };
  if (kind === "older") {
    const first = now.rows[0]?.seq ?? Number.POSITIVE_INFINITY;
    const fresh = page.rows.filter((each) => each.seq < first);
    return { ...now, rows: [...fresh, ...now.rows], before: page.before };
  }
  const fresh = page.rows.filter((each) => each.seq > now.last);
  const rows = [...now.rows, ...fresh];
  const last = Math.max(now.last, page.last);
  if (rows.length <= MOST) return { ...now, rows, last, full };
  const kept = rows.slice(rows.length - MOST); // a page left open does not grow
  return { ...now, rows: kept, last, full, before: kept[0]?.seq ?? null };
}
