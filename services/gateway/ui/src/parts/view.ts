// The state of a view in the address, so that a link shows the same view.
import { useCallback } from "react";
import { useSearchParams } from "react-router";

type Changes = Record<string, string | null | undefined>;

/** The address' parameters, and how to change some of them: null takes one away. */
export function useView(): [URLSearchParams, (changes: Changes, how?: { replace?: boolean }) => void] {
  const [view, setView] = useSearchParams();
  const change = useCallback(
    (changes: Changes, how: { replace?: boolean } = {}) => {
      setView(
        (now) => {
          const next = new URLSearchParams(now);
          for (const [name, value] of Object.entries(changes)) {
            if (value === null || value === undefined || value === "") next.delete(name);
            else next.set(name, value);
          }
          return next;
        },
        { preventScrollReset: true, ...how },
      );
    },
    [setView],
  );
  return [view, change];
}
