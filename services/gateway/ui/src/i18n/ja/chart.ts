// Texts of the tools of a chart, in Japanese.
import type { Resource } from "../en";

export const chart: Resource["chart"] = {
  log: "log: 対数目盛",
  large: "拡大: {{title}}",
  png: "PNG で保存: {{title}}",
  csv: "CSV で保存: {{title}}",
  drag: "グラフ上をドラッグで拡大、ダブルクリックで全体",
  showAll: "全体を表示",
};
