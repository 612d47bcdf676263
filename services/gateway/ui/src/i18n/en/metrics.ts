// Texts of the names of metrics, in English.

export const metric = {
  precision: "Precision",
  recall: "Recall",
  f1_score: "F1",
  map50: "mAP50",
  map50_95: "mAP50-95",
  accuracy: "Images all right",
  images: "Images",
  support: "Labels",
  box_loss: "box",
  cls_loss: "class",
  dfl_loss: "dfl",
  class: "Class",
  false_alarms_per_1000: "False alarms per 1,000 clean images",
  ap50: "AP50",
  ap50_95: "AP50-95",
};
