// Texts of the overview and the event feed, in Japanese.
import type { Resource } from "../en";

export const overview: Resource["overview"] = {
  title: "概要",
  gpu: "GPU",
  noGpu: "GPU なし",
  noGpuHint: "学習は CPU で行います。",
  memoryOf: "{{used}} / {{total}}",
  processes_one: "{{count}} プロセス",
  processes_other: "{{count}} プロセス",
  cpu: "CPU",
  memory: "メモリ",
  disk: "ディスク",
  diskFree: "空き {{free}} GiB / 全体 {{total}} GiB",
  queue: "キュー",
  running: "実行中",
  waiting: "待機中",
  current: "現在の処理",
  idle: "実行中の処理はありません。学習を開始するか、先にデータセットを検査してください。",
  services: "サービス",
  service: "サービス",
  host: "ホスト",
  since: "起動時刻",
  bus: "イベントバス",
  store: "成果物ストア",
  events: "届いたイベント",
  noEvents: "イベントはまだありません。",
  latency: "{{ms}} ms",
};

export const event: Resource["event"] = {
  requested: "受け付け",
  started: "開始",
  epoch_completed: "エポック {{epoch}} / {{epochs}}",
  checkpoint_saved: "チェックポイント保存",
  completed: "完了",
  failed: "失敗",
  cancel_requested: "停止の要求",
  cancelled: "中止",
  validated: "検証済み",
  visualized: "図を作成",
  registered: "登録",
  deleted: "削除",
  uploaded: "アップロード",
};

export const area: Resource["area"] = { training: "学習", dataset: "データセット", analysis: "評価", model: "モデル" };
