"""Texts of the rules on pairing and files."""

from services.dataset.domain.texts.text import Text

TEXTS = {
    "image_without_label": Text(
        "Image without a label file",
        "The image has no label file: the trainer takes it for background. Label it, or add an empty label file to say that it is background.",
        "ラベルのない画像",
        "画像にラベルファイルがありません。学習では背景画像として扱われます。ラベルを付けるか、背景であることを示す空のラベルファイルを置いてください。",
    ),
    "label_without_image": Text(
        "Label file without an image",
        "No image belongs to this label file: the trainer never reads it. Remove it, or add the image.",
        "画像のないラベル",
        "このラベルファイルに対応する画像がありません。学習では読まれません。ラベルを削除するか、画像を追加してください。",
    ),
    "label_in_wrong_split": Text(
        "Label in another split than its image",
        "The label lies in another split than its image: the trainer takes the image for background. Move the label beside its image's split.",
        "画像と別の分割にあるラベル",
        "ラベルが画像とは別の分割(train / val / test)にあります。学習では画像が背景として扱われます。画像と同じ分割へ移してください。",
    ),
    "duplicate_stem": Text(
        "Two images share one label file",
        "Two images differ in their ending only and share one label file: one of them is trained with the other's boxes. Rename one of them.",
        "一つのラベルを共有する画像",
        "拡張子だけが違う二つの画像が一つのラベルファイルを共有しています。片方は他方のボックスで学習されます。どちらかの名前を変えてください。",
    ),
    "case_insensitive_clash": Text(
        "Names differ in capital letters only",
        "Two names in one folder differ in capital letters only: on Windows or macOS one overwrites the other, and images or labels are lost. Rename one of them.",
        "大文字と小文字だけが違う名前",
        "同じフォルダーに大文字と小文字だけが違う名前があります。Windows や macOS では片方が上書きされ、画像やラベルが失われます。どちらかの名前を変えてください。",
    ),
    "label_case_mismatch": Text(
        "Label name in other capitals than its image",
        "The label's name has other capital letters than the trainer looks for: the image is taken for background. Rename the label.",
        "大文字と小文字が画像と違うラベル名",
        "ラベルの名前の大文字と小文字が、学習時に探される名前と違います。画像は背景として扱われます。ラベルの名前を変えてください。",
    ),
    "unicode_normalization_mismatch": Text(
        "Label name in another Unicode form",
        "The label's name looks like its image's but is written in another Unicode form (NFC or NFD): the trainer does not find it and takes the image for background. Rename it.",
        "Unicode 正規化形式の違う名前",
        "ラベルの名前は画像と同じに見えますが、Unicode の正規化形式(NFC / NFD)が違います。学習では見つからず、画像は背景として扱われます。名前を変えてください。",
    ),
    "label_in_images_dir": Text(
        "Label among the images",
        "The label lies among the images, where the trainer does not look: the image is taken for background. Move it to the labels folder.",
        "画像フォルダーにあるラベル",
        "ラベルが画像フォルダーにあります。学習ではそこは探されず、画像は背景として扱われます。labels フォルダーへ移してください。",
    ),
    "stray_classes_txt": Text(
        "Class list among images or labels",
        "A list of class names lies among images or labels: it is ignored. Put the names into data.yaml and remove the file.",
        "画像やラベルの中のクラス一覧",
        "クラス名の一覧ファイルが画像やラベルの中にあります。学習では無視されます。名前は data.yaml に書き、ファイルは削除してください。",
    ),
    "non_image_in_images": Text(
        "Other file among the images",
        "The file is no image: it is ignored. Move it out of the images folder.",
        "画像フォルダーの中の別のファイル",
        "画像ではないファイルです。学習では無視されます。画像フォルダーの外へ移してください。",
    ),
    "os_junk_file": Text(
        "File left by the operating system",
        "The operating system left this file (.DS_Store, Thumbs.db, ._ files, __MACOSX): it is ignored. Remove it.",
        "OS が残したファイル",
        "OS が残したファイル(.DS_Store、Thumbs.db、._ で始まるファイル、__MACOSX)です。学習では無視されます。削除してください。",
    ),
    "unsupported_extension": Text(
        "Image of a kind that the trainer skips",
        "The trainer does not read images with this ending and skips them silently. Convert the image to JPEG or PNG.",
        "学習で読まれない形式の画像",
        "この拡張子の画像は学習で読まれず、何も言われずに飛ばされます。JPEG か PNG に変換してください。",
    ),
    "broken_symlink": Text(
        "Link that leads nowhere",
        "The file is a link whose target does not exist: the trainer cannot read it. Restore the target, or remove the link.",
        "リンク切れ",
        "リンク先が存在しません。学習では読めません。リンク先を戻すか、リンクを削除してください。",
    ),
    "symlink_outside_root": Text(
        "Link out of the dataset's folder",
        "The file is a link to outside of the dataset's folder: a copy of the dataset will miss it. Put the file itself there.",
        "データセットの外へのリンク",
        "データセットのフォルダーの外を指すリンクです。データセットをコピーすると失われます。ファイルそのものを置いてください。",
    ),
    "control_char_in_filename": Text(
        "Control character in a file name",
        "The name has control characters, which break lists of files and logs. Rename the file.",
        "制御文字を含むファイル名",
        "ファイル名に制御文字があります。ファイルの一覧やログが壊れます。名前を変えてください。",
    ),
}
