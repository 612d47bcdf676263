// The fields of the start form: defaults of the contract, from the link's query, to the request's body. Pure.
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
  patience: "50",
  save_period: "10",
  seed: "0",
  workers: "0",
  device: "",
  priority: "normal",
  freeze: "",
};

const NUMBERS = new Set(["epochs", "batch_size", "learning_rate", "imgsz", "patience", "save_period", "seed", "workers", "freeze"]);
const ALWAYS = new Set(["mode", "dataset_path", "model_architecture", "epochs", "batch_size", "learning_rate", "imgsz", "optimizer"]);

export const ADVANCED = ["patience", "save_period", "seed", "workers", "device", "freeze"];

export function fromQuery(query: URLSearchParams): Fields {
  return Object.fromEntries(Object.entries(DEFAULTS).map(([name, value]) => [name, query.get(name) ?? value]));
}

/** What is sent: the main fields always, the others only where they differ from the contract's default. */
export function toBody(fields: Fields): Partial<TrainingRequest> {
  const body: Record<string, string | number> = {};
  const unused = fields["mode"] === "full" ? "base_model_path" : "model_architecture"; // weights bring their own
  for (const [name, text] of Object.entries(fields)) {
    const value = text.trim();
    if (value === "" || name === unused) continue;
    if (!ALWAYS.has(name) && value === DEFAULTS[name]) continue;
    const number = Number(value);
    body[name] = NUMBERS.has(name) && Number.isFinite(number) ? number : value;
  }
  return body as Partial<TrainingRequest>;
}
