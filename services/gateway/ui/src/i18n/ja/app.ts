// Texts of the frame of the page: navigation, live badge, job states, troubles, times, in Japanese.
import type { Resource } from "../en";

export const app: Resource["app"] = {
  title: "Shirushi",
  tagline: "ロゴ検出をリアルタイムで見守る",
  skip: "本文へ移動",
  language: "言語",
  light: "明るい配色にする",
  dark: "暗い配色にする",
  navigation: "メインメニュー",
  notFound: "このページはありません。",
  back: "戻る",
  copy: "コピー",
  copied: "コピーしました",
  retry: "再試行",
  loading: "読み込み中…",
  close: "閉じる",
  none: "—",
};

export const nav: Resource["nav"] = {
  overview: "概要",
  trainings: "学習",
  datasets: "データセット",
  evaluations: "評価",
  models: "モデル",
  events: "イベント",
  start: "学習を開始",
};

export const live: Resource["live"] = {
  connecting: "接続中",
  live: "ライブ",
  reconnecting: "再接続中",
  hint: "イベントは1本の WebSocket で届きます。切れても最後に受け取った続きから再開します。",
};

export const status: Resource["status"] = {
  queued: "待機中",
  initializing: "準備中",
  running: "実行中",
  paused: "一時停止",
  stopping: "停止処理中",
  completed: "完了",
  failed: "失敗",
  cancelled: "中止",
};

export const problem: Resource["problem"] = {
  title: "うまくいきませんでした",
  offline: "ゲートウェイが応答しません。復帰すると自動で再開します。",
};

export const signIn: Resource["signIn"] = {
  title: "サインイン",
  token: "トークン",
  hint: "shi_ で始まります。",
  go: "サインイン",
  ask: "このシステムの管理者が `shirushi token create 名前 --scope run` で作成します。",
  out: "サインアウト",
};

export const time: Resource["time"] = { seconds: "{{n}} 秒", minutes: "{{n}} 分", hours: "{{h}} 時間 {{m}} 分" };
