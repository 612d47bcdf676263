// What can be laid over each other, and the column of results.csv that holds it.
import type { Operations } from "../../api/rest.gen";

type Column = NonNullable<Operations["GET /training/curves"]["query"]["column"]>;

export const COLUMNS: Record<string, Column> = {
  map50_95: "metrics/mAP50-95(B)",
  map50: "metrics/mAP50(B)",
  precision: "metrics/precision(B)",
  recall: "metrics/recall(B)",
  box_loss: "val/box_loss",
  cls_loss: "val/cls_loss",
  dfl_loss: "val/dfl_loss",
  train_box_loss: "train/box_loss",
  train_cls_loss: "train/cls_loss",
  train_dfl_loss: "train/dfl_loss",
  seconds: "seconds",
};
/** Between 0 and 1, and the more the better; the others the other way round. */
export const SHARES = new Set(["map50_95", "map50", "precision", "recall"]);

export function columnOf(metric: string): Column {
  return COLUMNS[metric] ?? "metrics/mAP50-95(B)";
}
