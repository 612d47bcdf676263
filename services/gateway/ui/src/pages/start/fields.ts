// The fields of the start form: defaults of the contract, from and to the link's query, to the request's body. Pure.
import type { TrainingRequest } from "../../api/types";

export type Fields = Record<string, string>;

export const DEFAULTS: Fields = {
  mode: "transfer",
  dataset_path: "",
  model_architecture: "yolov8s",
  base_model_path: "",
  epochs: "100",
  batch_size: "16",
  learning_rate: "0.01",
  imgsz: "640",
  optimizer: "SGD",
  project_name: "ml_training",
  experiment_name: "",
  preset: "auto",
  patience: "50",
  save_period: "10",
  seed: "0",
  workers: "0",
  device: "",
  nnodes: "1",
  rdzv_endpoint: "",
  gpu_load_rate: "1",
  sample_period: "-1",
  priority: "normal",
  freeze: "",
  cache: "false",
  amp: "true",
  auto_validate: "true",
  tags: "",
};

const NUMBERS = new Set([
  ...["epochs", "batch_size", "learning_rate", "imgsz", "patience", "save_period", "seed", "workers", "freeze", "sample_period"],
  "gpu_load_rate",
  "nnodes",
]);
const ALWAYS = new Set(["mode", "dataset_path", "model_architecture"]);

export const ADVANCED = ["preset", "patience", "freeze", "device", "nnodes", "rdzv_endpoint", "workers", "cache", "amp", "gpu_load_rate", "save_period", "sample_period", "seed", "auto_validate", "tags"];

/** Further arguments are fields too, as `augmentation_params.mosaic` or `extra.lrf`. */
export const GROUPS = ["augmentation_params", "extra"] as const;
const GROUPED = /^(augmentation_params|extra)\.[a-z][a-z0-9_]{0,31}$/;

export function fromQuery(query: URLSearchParams): Fields {
  const fields = Object.fromEntries(Object.entries(DEFAULTS).map(([name, value]) => [name, query.get(name) ?? value]));
  for (const [name, value] of query) if (GROUPED.test(name)) fields[name] = value;
  return fields;
}

/** The link that shows the same form: only what differs from the contract's defaults. */
export function toQuery(fields: Fields, kept: URLSearchParams): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of kept) if (!(name in DEFAULTS) && !GROUPED.test(name)) query.set(name, value);
  for (const [name, value] of Object.entries(fields)) if (changed(fields, name) && value !== "") query.set(name, value);
  return query;
}

/** Whether a field differs from the contract's default; a further argument does as soon as it is given. */
export function changed(fields: Fields, name: string): boolean {
  return (fields[name] ?? "").trim() !== (DEFAULTS[name] ?? "");
}

export function reset(fields: Fields, names: readonly string[]): Fields {
  const kept = Object.entries(fields).filter(([name]) => !names.includes(name) || name in DEFAULTS);
  return Object.fromEntries(kept.map(([name, value]) => [name, names.includes(name) ? (DEFAULTS[name] ?? "") : value]));
}

function typed(name: string, text: string): unknown {
  if (name === "tags") return text.split(",").map((tag) => tag.trim()).filter((tag) => tag !== "");
  if (text === "true" || text === "false") return text === "true";
  const number = Number(text);
  return (NUMBERS.has(name) || GROUPED.test(name)) && Number.isFinite(number) ? number : text;
}

/** What is sent: what to train on what, and what differs from the contract's default; the rest `preset: auto` may fit to the data. */
export function toBody(fields: Fields): Partial<TrainingRequest> {
  const body: Record<string, unknown> = {};
  const unused = fields["mode"] === "full" ? "base_model_path" : "model_architecture"; // weights bring their own
  for (const [name, raw] of Object.entries(fields)) {
    const text = raw.trim();
    if (text === "" || name === unused) continue;
    if (!ALWAYS.has(name) && text === DEFAULTS[name]) continue;
    const [group, argument] = name.split(".");
    if (group !== undefined && argument !== undefined) {
      body[group] = { ...(body[group] as object | undefined), [argument]: typed(name, text) };
    } else {
      body[name] = typed(name, text);
    }
  }
  return body as Partial<TrainingRequest>;
}
