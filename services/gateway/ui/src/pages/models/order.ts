// Which models are listed, and in which order: pure.
import type { Kind } from "../../api/models";
import type { ModelEntry } from "../../api/types";

export const KINDS: readonly Kind[] = ["run", "upload", "base"];
export const ORDERS = ["newest", "best", "name", "size"] as const;

interface Choice {
  kind: string;
  name: string;
  order: string;
}

type Compare = (a: ModelEntry, b: ModelEntry) => number;

const BY: Record<string, Compare> = {
  newest: (a, b) => (b.created_at ?? "").localeCompare(a.created_at ?? ""),
  best: (a, b) => (b.metrics["map50_95"] ?? -1) - (a.metrics["map50_95"] ?? -1),
  name: (a, b) => a.name.localeCompare(b.name),
  size: (a, b) => b.size - a.size,
};

export function chosen(models: readonly ModelEntry[], { kind, name, order }: Choice): ModelEntry[] {
  const wanted = name.trim().toLowerCase();
  const compare = BY[order] ?? (BY["newest"] as Compare);
  return models
    .filter((model) => kind === "" || model.kind === kind)
    .filter((model) => `${model.name} ${model.dataset ?? ""}`.toLowerCase().includes(wanted))
    .sort(compare);
}

/** Models that began from this one. */
export function children(models: readonly ModelEntry[], parent: ModelEntry): ModelEntry[] {
  return models.filter(
    (each) =>
      each.name !== parent.name &&
      (each.base_model === parent.name || (each.extends !== undefined && each.extends !== null && each.extends === parent.training_id)),
  );
}

/** What this one began from, the nearest first: as far as it is known and still there. */
export function ancestors(models: readonly ModelEntry[], model: ModelEntry): ModelEntry[] {
  const found: ModelEntry[] = [];
  let place: ModelEntry | undefined = model;
  while (place && found.length < 50) {
    const { base_model, extends: longer } = place as ModelEntry;
    place = models.find(
      (each) => (base_model && each.name === base_model) || (longer && each.training_id === longer),
    );
    if (!place || place === model || found.includes(place)) break;
    found.push(place);
  }
  return found;
}
