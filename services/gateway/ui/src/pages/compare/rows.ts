// Runs side by side as rows of a table: settings that differ, time and memory. Pure.
import type { HistoryRow, TrainingStatus } from "../../api/types";
import { asNumber, asObject, asString } from "../../live/frames";

export interface Row {
  name: string;
  values: string[];
}

/** Every setting of the requests that is not the same in all runs. */
export function settingsThatDiffer(runs: readonly TrainingStatus[]): Row[] {
  const each = runs.map(settingsOf);
  const names = [...new Set(each.flatMap((settings) => Object.keys(settings)))];
  return names
    .map((name) => ({ name, values: each.map((settings) => settings[name] ?? "—") }))
    .filter(({ values }) => new Set(values).size > 1);
}

function settingsOf(run: TrainingStatus): Record<string, string> {
  const request = asObject(run.request);
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(asObject(request["arguments"]))) {
    if (value !== null && typeof value === "object") {
      for (const [inner, one] of Object.entries(value)) settings[`${name}.${inner}`] = shown(one);
    } else settings[name] = shown(value);
  }
  const base = asString(asObject(request["base_model"])["name"]);
  if (base) settings["base_model"] = base;
  const dataset = datasetOf(run);
  settings["dataset"] = dataset.version ? `${dataset.name}@${dataset.version}` : dataset.name;
  if (asString(request["extends"])) settings["extends"] = String(request["extends"]).slice(0, 8);
  return settings;
}

function shown(value: unknown): string {
  return value === null || value === undefined ? "—" : typeof value === "string" ? value : JSON.stringify(value);
}

export interface UsedDataset {
  name: string;
  version: string | null;
  path: string | null;
}

export function datasetOf(run: TrainingStatus): UsedDataset {
  const dataset = asObject(asObject(run.request)["dataset"]);
  return {
    name: asString(dataset["name"]) ?? "",
    version: asString(dataset["version"]) ?? null,
    path: asString(dataset["path"]) ?? null,
  };
}

export interface Cost {
  epochs: number;
  seconds: number | null;
  epochSeconds: number | null;
  gpuBytes: number | null;
  device: string;
  bestEpoch: number | null;
}

/** What a run took: from its epochs, so that pauses and queues do not count. */
export function costOf(run: TrainingStatus, rows: readonly HistoryRow[]): Cost {
  const seconds = rows.map((row) => asNumber(row["seconds"]) ?? 0);
  const total = seconds.reduce((sum, each) => sum + each, 0);
  const peaks = rows.map((row) => asNumber(row["gpu_peak_bytes"]) ?? 0);
  const peak = peaks.reduce((most, each) => Math.max(most, each), 0);
  return {
    epochs: rows.length,
    seconds: rows.length > 0 ? total : null,
    epochSeconds: rows.length > 0 ? total / rows.length : null,
    gpuBytes: peak > 0 ? peak : null,
    device: run.device ?? "—",
    bestEpoch: asNumber(run.best_metrics?.["epoch"]) ?? null,
  };
}
