// What the REST contract answers, by hand until it is generated from /openapi.json (issue 6).

export type TrainingStatusName =
  | "queued"
  | "initializing"
  | "running"
  | "paused"
  | "stopping"
  | "completed"
  | "failed"
  | "cancelled";

export interface Problem {
  title?: string;
  status?: number;
  detail?: string;
  errors?: { loc: (string | number)[]; msg: string; code?: string }[];
}

export interface GpuDevice {
  uuid?: string;
  index?: number;
  name: string;
  memory_total_bytes: number;
  memory_used_bytes: number;
  utilization_percent: number | null;
  temperature_c: number | null;
  power_w: number | null;
  processes?: { pid: number; used_bytes: number | null; training_id: string | null }[];
}

export interface SystemStatus {
  gpu_available: boolean;
  gpu_info: { device_name?: string; devices?: GpuDevice[] } | null;
  cpu_usage: number;
  memory_usage: number;
  disk_usage: { total: number; used: number; free: number; percent: number };
  active_trainings: string[];
  active_validations: string[];
  available_models: string[];
  available_datasets: string[];
  services?: { name: string; id: string; version: string; host: string; started_at: string | null; status: string }[];
  queue?: { waiting: number; running: number };
  bus?: { status: string; latency_ms: number | null };
  artifacts?: { status: string; latency_ms: number | null };
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

export interface TrainingStatus {
  training_id: string;
  status: TrainingStatusName;
  mode: string;
  current_epoch: number;
  total_epochs: number;
  progress: number;
  current_metrics: Metrics | null;
  best_metrics: Metrics | null;
  start_time: string | null;
  end_time?: string | null;
  created_at?: string | null;
  estimated_time_remaining: number | null;
  errors: string[];
  error_code?: string | null;
  output_dir: string | null;
  best_model_path: string | null;
  last_model_path: string | null;
  queue_position?: number | null;
  pausing?: boolean;
  first_seq?: number;
  starts_in?: number | null;
  preempted?: number;
  waiting_reason?: string | null;
  batch?: { done: number; of: number } | null;
  attempt?: number;
  worker?: string | null;
  device?: string | null;
  console?: string[];
  stopped_early?: boolean;
  project_name?: string;
  experiment_name?: string;
  request?: {
    dataset?: { name?: string; path?: string | null };
    base_model?: { name?: string } | null;
    arguments?: Record<string, unknown>;
  } | null;
}

export interface TrainingStarted {
  training_id: string;
  status: string;
  message: string;
}

export type HistoryRow = Record<string, unknown>;

export interface ArtifactEntry {
  name: string;
  size: number;
  sha256: string;
  url: string;
  key?: string;
}

export interface ModelEntry {
  name: string;
  path: string;
  project?: string | null;
  created_at?: string | null;
  size?: number | null;
}

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
  model_path: string;
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
