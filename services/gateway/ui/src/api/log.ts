// The log by REST: a page forwards from a sequence, or backwards from one, and how far it was read.
import { get } from "./client";
import type { ReaderAccount, StoredEvent } from "./rest.gen";
import { ask, route } from "./typed";

export const PAGE = 200;

export interface LogPage {
  /** The oldest first. */
  rows: StoredEvent[];
  /** Up to which sequence the log was looked through; from here on it goes forwards without a gap. */
  last: number;
  /** Before which sequence it goes on backwards; null at the beginning of the log. */
  before: number | null;
}

type Query = { after?: number; before?: number; topics: string; limit?: number };

export async function readLog(query: Query, signal: AbortSignal): Promise<LogPage> {
  let headers = new Headers();
  const path = route("GET /events", { query: { limit: PAGE, ...query } });
  const rows = await get<StoredEvent[]>(path, signal, (seen) => (headers = seen));
  const link = /<([^>]+)>; rel="next"/.exec(headers.get("Link") ?? "")?.[1];
  const before = link === undefined ? null : new URLSearchParams(link.split("?")[1]).get("before");
  return {
    rows,
    last: Number(headers.get("X-Last-Seq") ?? rows.at(-1)?.seq ?? 0),
    before: before === null ? null : Number(before),
  };
}

export function readers(signal: AbortSignal): Promise<ReaderAccount> {
  return ask("GET /events/readers", {}, signal);
}
