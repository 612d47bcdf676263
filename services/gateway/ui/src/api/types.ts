// What the REST contract says, generated from it, under the names that the page uses. Nothing is typed by hand.
import type { Operations, StartTraining, TrainingStatus, TrainingTold } from "./rest.gen";

export type { ArtifactEntry, GpuDevice, ModelEntry, Problem, SystemStatus, TrainingStatus } from "./rest.gen";
export type TrainingStatusName = TrainingStatus["status"];
export type TrainingStarted = TrainingTold;
export type TrainingRequest = StartTraining;
export type HistoryRow = Operations["GET /training/{training_id}/history"]["answer"][number];
