"""Texts of the rules on meaning: labels that the pictures speak against."""

from services.dataset.domain.texts.text import Text

TEXTS = {
    "class_label_suspect": Text(
        "The class looks wrong",
        "What the box shows looks like another class: the trainer learns the wrong name. Look at it and correct the class.",
        "クラスの誤りの疑い",
        "ボックスの中身が別のクラスに見えます。誤った名前を学習してしまいます。確認してクラスを直してください。",
    ),
    "missing_box_suspect": Text(
        "A box seems to be missing",
        "An unlabelled place looks like a labelled object: the trainer learns to ignore it. Look at it and add the box.",
        "ボックスの付け忘れの疑い",
        "ラベルのない場所に、ラベル付きの物体と似たものがあります。無視するように学習してしまいます。確認してボックスを足してください。",
    ),
    "box_misplaced_suspect": Text(
        "The box seems to be misplaced",
        "The box does not lie on what it should show: the trainer learns a wrong place. Look at it and move the box.",
        "ボックスの位置ずれの疑い",
        "ボックスが対象からずれているようです。誤った位置を学習してしまいます。確認してボックスを動かしてください。",
    ),
    "spurious_box_suspect": Text(
        "The box seems to show nothing",
        "The box seems to show no object: the trainer learns false alarms. Look at it and remove the box.",
        "余分なボックスの疑い",
        "ボックスの中に物体がないようです。誤検出を学習してしまいます。確認してボックスを消してください。",
    ),
}
