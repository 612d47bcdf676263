// A value that somebody types or drags: shown at once, and in the address.
import { useState } from "react";
import { useSearchParams } from "react-router";
import { viewNow } from "./view";

/** The address' parameter `name` and how to change it; "" takes it away. */
export function useTyped(name: string): [value: string, change: (value: string) => void] {
  const [query, setQuery] = useSearchParams();
  const [value, setValue] = useState(query.get(name) ?? "");
  const change = (next: string) => {
    setValue(next); // the address follows in a transition, too late for a controlled input
    setQuery(
      () => {
        const changed = viewNow();
        if (next === "") changed.delete(name);
        else changed.set(name, next);
        return changed;
      },
      { replace: true, preventScrollReset: true },
    );
  };
  return [value, change];
}
