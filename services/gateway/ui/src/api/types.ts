// What the REST contract answers: generated types under the names that the page uses, and by hand what is not told yet.
import type { TrainingStatus, TrainingTold } from "./rest.gen";

export type { ArtifactEntry, GpuDevice, ModelEntry, SystemStatus, TrainingStatus } from "./rest.gen";
export type TrainingStatusName = TrainingStatus["status"];
export type TrainingStarted = TrainingTold;
export type HistoryRow = Record<string, number>;

export interface Problem {
  title?: string;
  status?: number;
  detail?: string;
  errors?: { loc: (string | number)[]; msg: string; code?: string }[];
}

export interface TrainingRequest {
  mode: "full" | "transfer" | "continue";
  dataset_path: string;
  model_architecture: string;
  base_model_path?: string;
  epochs: number;
  batch_size: number;
  learning_rate: number;
  imgsz: number;
  optimizer: string;
  patience: number;
  project_name: string;
  experiment_name?: string;
  save_period: number;
  device?: string;
  priority: "low" | "normal" | "high";
  seed: number;
  workers?: number;
  amp?: boolean;
  freeze?: number;
}
