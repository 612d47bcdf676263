// The events of a filter: a first page by REST, then more whenever the socket tells that the log went on.
import { useCallback, useEffect, useReducer, useRef, useState } from "react";
import { type LogPage, readLog } from "../../api/log";
import type { StoredEvent } from "../../api/rest.gen";
import { useLive } from "../../live/store";
import { type Came, NOTHING, withPage } from "./rows";

const NEWEST = Number.MAX_SAFE_INTEGER;
const SETTLE_MS = 250;

export interface Log {
  /** In the order that is shown: the newest first, or replayed from a sequence on. */
  rows: StoredEvent[];
  loaded: boolean;
  error: unknown;
  /** Loads more backwards; null at the beginning of the log, or where it is replayed. */
  older: (() => void) | null;
  /** Loads more forwards, where there is more than a page to replay. */
  later: (() => void) | null;
  retry: () => void;
}

/** `from` = replay from this sequence on; null = the newest. Mount it anew for another filter. */
export function useLog(topics: string, from: number | null): Log {
  const [held, take] = useReducer(withPage, NOTHING);
  const [error, setError] = useState<unknown>(null);
  const [tries, setTries] = useState(0);
  const busy = useRef<Partial<Record<Came["kind"], AbortController>>>({});
  const newest = useLive((state) => state.lastSeq);

  const load = useCallback((kind: Came["kind"], read: (signal: AbortSignal) => Promise<LogPage>): (() => void) => {
    if (busy.current[kind]) return () => undefined;
    const abort = new AbortController();
    busy.current[kind] = abort;
    const done = () => {
      if (busy.current[kind] === abort) delete busy.current[kind];
    };
    read(abort.signal)
      .then((page) => {
        setError(null);
        take({ kind, page });
      })
      .catch((trouble: unknown) => abort.signal.aborted || setError(trouble))
      .finally(done);
    return () => {
      abort.abort();
      done();
    };
  }, []);

  useEffect(
    () => load("first", (signal) => readLog(from === null ? { before: NEWEST, topics } : { after: from - 1, topics }, signal)),
    [load, from, topics, tries],
  );

  const { before, last } = held;
  const later = useCallback(() => {
    load("later", (signal) => readLog({ after: last, topics }, signal));
  }, [last, load, topics]);
  const waits = from !== null && held.full; // to be replayed further by hand
  const behind = held.loaded && !waits && newest > last;
  useEffect(() => {
    if (!behind) return;
    const timer = setTimeout(later, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [behind, newest, later, tries]);

  const older = useCallback(() => {
    if (before !== null) load("older", (signal) => readLog({ before, topics }, signal));
  }, [before, load, topics]);
  return {
    rows: from === null ? held.rows.toReversed() : held.rows,
    loaded: held.loaded,
    error,
    older: from === null && before !== null ? older : null,
    later: waits ? later : null,
    retry: () => setTries((n) => n + 1),
  };
}
