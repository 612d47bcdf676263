// A value that somebody types or drags: shown at once, in the address a moment later.
import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useState } from "react";
import { useSearchParams } from "react-router";

const SETTLE_MS = 250;

/** The address' parameter `name` and how to change it; "" takes it away. */
export function useTyped(name: string): [value: string, change: (value: string) => void] {
  const [query, setQuery] = useSearchParams();
  const [value, change] = useState(query.get(name) ?? "");
  const [settled] = useDebouncedValue(value, SETTLE_MS);
  useEffect(() => {
    setQuery(
      (now) => {
        if ((now.get(name) ?? "") === settled) return now;
        const next = new URLSearchParams(now);
        if (settled === "") next.delete(name);
        else next.set(name, settled);
        return next;
      },
      { replace: true, preventScrollReset: true },
    );
    // only when the value settles: setQuery is another one after each change of the address
  }, [settled, name]);
  return [value, change];
}
