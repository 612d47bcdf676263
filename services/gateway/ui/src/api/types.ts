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

export type Metrics = Record<string, number>;

export interface ClassMetrics {
  precision: number;
  recall: number;
  f1?: number;
  f1_score?: number;
  ap50?: number;
  ap50_95?: number;
  support?: number;
}

export interface ConfusionMatrix {
  labels?: string[];
  names?: string[];
  counts: number[][];
}

export interface EvaluationReport {
  validation_id: string;
  status?: string;
  model_path: string | null;
  predictions_path?: string | null;
  model_info?: { name?: string; training_id?: string | null };
  imgsz?: number | null;
  test_dataset_path: string;
  split?: string;
  accuracy: number;
  precision: number;
  recall: number;
  f1_score: number;
  map50: number;
  map50_95: number;
  class_metrics: Record<string, ClassMetrics>;
  total_images: number;
  correct_predictions: number;
  error_analysis?: { error_counts?: Record<string, number>; total_errors?: number };
  common_errors?: { class: string; error_type: string; count: number }[];
  confusion_matrix?: ConfusionMatrix | null;
  confusion_matrix_path?: string | null;
  confidence_threshold: number;
  iou_threshold: number;
  match_iou?: number;
  advice?: { code: string; sentence: { en: string; ja: string } }[];
  processing_time: number;
  timestamp: string;
}
