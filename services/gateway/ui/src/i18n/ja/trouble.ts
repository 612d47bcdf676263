// Texts of what can go wrong in a training, by its code, in Japanese.
import type { Resource } from "../en";

export const trouble: Resource["trouble"] = {
  out_of_memory: {
    cause: "メモリが足りませんでした。",
    todo: "バッチサイズか画像サイズを下げるか、小さいモデルを選んでください。",
  },
  gpu_too_small: {
    cause: "この学習に必要なメモリを持つカードがありません。",
    todo: "バッチサイズか画像サイズを下げるか、小さいモデルを選んでください。",
  },
  gpu_lost: {
    cause: "学習中に GPU が失われました。",
    todo: "カードをリセットまたは交換してからやり直すか、device に cpu を指定してやり直してください。",
  },
  loss_not_finite: {
    cause: "損失が無限大または非数になりました。",
    todo: "学習率を下げるか、混合精度をオフにしてください。面積のないボックスがないかラベルも検査してください。",
  },
  disk_full: {
    cause: "学習サーバーのディスクがいっぱいです。",
    todo: "空きを作ってからやり直してください。",
  },
  dataset_unreadable: {
    cause: "データセットを読めません。",
    todo: "データセットを検査してください。問題のファイルがわかります。",
  },
  poison_image: {
    cause: "読めない画像があります。",
    todo: "データセットを検査し、画像を直すか取り除いてからやり直してください。",
  },
  training_crashed: {
    cause: "学習プロセスが途中で何度も終了しました。",
    todo: "下の出力を確認し、壊れた画像がないか検査し、読み込みワーカー数を減らしてみてください。",
  },
  training_stalled: {
    cause: "学習が何度も止まりました。",
    todo: "下の出力を確認し、読み込みワーカー数を減らし、画像のあるディスクを確認してください。",
  },
  classes_changed: {
    cause: "データセットのクラスがチェックポイントと異なります。",
    todo: "転移学習を使ってください。新しいクラス用の出力が作られます。",
  },
  checkpoint_missing: {
    cause: "続きの元となる状態がストアにもうありません。",
    todo: "その重みで「続きから」を使ってください。",
  },
  not_a_detector: {
    cause: "ベースモデルは検出モデルではありません。",
    todo: "検出モデルの重みを選んでください。",
  },
  unreadable_weights: {
    cause: "重みを読めないか、許可されない内容が含まれています。",
    todo: "通常の YOLOv8 検出モデルとして書き出し直すか、別の重みを選んでください。",
  },
  no_such_device: {
    cause: "そのデバイスはこのサーバーにありません。",
    todo: "デバイスを空欄にするか、概要に表示されるものを指定してください。",
  },
  unknown_argument: {
    cause: "不明な引数があります。",
    todo: "名前を直してください。正しい名前はメッセージにあります。",
  },
  argument_out_of_range: {
    cause: "引数の値が範囲外です。",
    todo: "値を直してください。正しい範囲はメッセージにあります。",
  },
  worker_died: {
    cause: "ワーカーが進捗なしに何度も終了しました。",
    todo: "ホストのメモリ、ディスク、ログを確認してからやり直してください。",
  },
  internal_error: {
    cause: "想定外の不具合が起きました。",
    todo: "やり直してください。再発する場合は下の出力を添えて報告してください。",
  },
};
