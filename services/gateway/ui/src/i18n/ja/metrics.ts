// Texts of the names of metrics, in Japanese.
import type { Resource } from "../en";

export const metric: Resource["metric"] = {
  precision: "適合率",
  recall: "再現率",
  f1_score: "F1",
  map50: "mAP50",
  map50_95: "mAP50-95",
  accuracy: "完全正解の画像",
  images: "画像数",
  support: "ラベル数",
  box_loss: "box",
  cls_loss: "class",
  dfl_loss: "dfl",
  class: "クラス",
  false_alarms_per_1000: "ロゴなし画像 1,000 枚あたりの誤検出",
  ap50: "AP50",
  ap50_95: "AP50-95",
};
