// Which events are asked for, as the address says it, and the topics that ask for them: pure.
import { KINDS } from "../../api/events.gen";

const FIRST = ["training", "dataset", "analysis", "model", "host"];

/** Of all events; what people come for stands first. */
export const AREAS = [...new Set([...FIRST, ...KINDS.map((kind) => kind.split(".")[0] as string)])];

export interface Filter {
  areas: string[];
  fact: string;
  job: string;
}

export function filterOf(view: URLSearchParams): Filter {
  const asked = (view.get("areas") ?? "").split(",").filter((area) => AREAS.includes(area));
  const fact = view.get("fact") ?? "";
  const job = (view.get("job") ?? "").trim();
  return {
    areas: asked.length > 0 ? asked : AREAS,
    fact: /^[a-z_]{1,60}$/.test(fact) ? fact : "",
    job: /^[A-Za-z0-9_-]{1,128}$/.test(job) ? job : "",
  };
}

/** What can have happened in these areas. */
export function factsOf(areas: readonly string[]): string[] {
  const facts = KINDS.map((kind) => kind.split(".")).filter(([area]) => areas.includes(area ?? ""));
  return [...new Set(facts.map(([, fact]) => fact as string))].sort();
}

export function topicsOf({ areas, fact, job }: Filter): string {
  const tail = job ? `${fact || "*"}.*.${job}` : fact ? `${fact}.>` : ">";
  return areas.map((area) => `${area}.${tail}`).join(",");
}
