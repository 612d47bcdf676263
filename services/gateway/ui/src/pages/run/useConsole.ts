// The console of a run: fetched by line number, and again when the socket says that there is more.
import { useCallback, useEffect, useRef, useState } from "react";
import type { ConsoleLine } from "../../api/rest.gen";
import { ask } from "../../api/typed";
import { asNumber } from "../../live/frames";
import { useReadings } from "../../live/store";

const REST_MS = 400; // lines come in bursts: they are fetched together
const PAGE = 5000;
const MOST = 50_000;

interface Shown {
  lines: ConsoleLine[];
  error: unknown;
  loading: boolean;
}

export function useConsole(id: string, ended: boolean): Shown {
  const [shown, setShown] = useState<Shown>({ lines: [], error: null, loading: true });
  const place = useRef({ attempt: 0, line: 0 });
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const busy = useRef(false);

  const fetchMore = useCallback(async () => {
    if (busy.current) return;
    busy.current = true;
    try {
      for (;;) {
        const after = place.current.line;
        const found = await ask("GET /training/{training_id}/logs", { path: { training_id: id }, query: { after } });
        const attempt = found.at(-1)?.attempt ?? place.current.attempt;
        const anew = attempt !== place.current.attempt && after > 0; // its first lines were left out by `after`
        place.current = { attempt, line: anew ? 0 : (found.at(-1)?.line ?? after) };
        setShown(({ lines }) => ({ lines: anew ? [] : [...lines, ...found].slice(-MOST), error: null, loading: anew }));
        if (!anew && found.length < PAGE) return;
      }
    } catch (error) {
      setShown(({ lines }) => ({ lines, error, loading: false }));
    } finally {
      busy.current = false;
    }
  }, [id]);

  useEffect(() => {
    place.current = { attempt: 0, line: 0 };
    setShown({ lines: [], error: null, loading: true });
    void fetchMore();
    return () => clearTimeout(timer.current);
  }, [fetchMore, ended]);

  useReadings("console", (reading) => {
    if (reading.subject !== id) return;
    if ((asNumber(reading.data["attempt"]) ?? 0) > place.current.attempt) place.current.line = 0;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void fetchMore(), REST_MS);
  });
  return shown;
}
