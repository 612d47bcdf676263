// The state of a view in the address, so that a link shows the same view.
import { useCallback } from "react";
import { useSearchParams } from "react-router";

type Changes = Record<string, string | null | undefined>;

/** What the address says now: the page follows in a transition, and two quick keys must not undo each other. */
export function viewNow(): URLSearchParams {
  return new URLSearchParams(window.location.search);
}

/** The address' parameters, and how to change some of them: null takes one away. */
export function useView(): [URLSearchParams, (changes: Changes, how?: { replace?: boolean }) => void] {
  const [view, setView] = useSearchParams();
  const change = useCallback(
    (changes: Changes, how: { replace?: boolean } = {}) => {
      setView(
        () => {
          const next = viewNow();
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
