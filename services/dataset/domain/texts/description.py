"""Texts of the rules on data.yaml and lists of images."""

from services.dataset.domain.texts.text import Text

TEXTS = {
    "yaml_syntax_error": Text(
        "Not YAML",
        "The file cannot be read as YAML: the trainer stops. Correct the line.",
        "YAML の構文エラー",
        "YAML として読めません。学習は止まります。その行を直してください。",
    ),
    "yaml_tab_indent": Text(
        "Indented with a tab",
        "A line is indented with a tab, which YAML forbids: the trainer stops. Use spaces.",
        "タブによる字下げ",
        "行がタブで字下げされています。YAML では禁止で、学習は止まります。空白を使ってください。",
    ),
    "yaml_not_mapping": Text(
        "Not a mapping",
        "The file holds no mapping of keys to values: the trainer stops. Write 'train: …', 'val: …' and 'names: …'.",
        "マッピングではない YAML",
        "キーと値の対応になっていません。学習は止まります。「train: …」「val: …」「names: …」と書いてください。",
    ),
    "yaml_empty": Text(
        "Empty data.yaml",
        "The file is empty: the trainer stops. It must say train, val and names.",
        "空の data.yaml",
        "ファイルが空です。学習は止まります。train、val、names を書いてください。",
    ),
    "yaml_duplicate_key": Text(
        "Key written twice",
        "A key is written twice: the trainer silently takes the last. Keep one.",
        "キーの重複",
        "キーが二度書かれています。学習では何も言われずに最後のものが使われます。一つだけ残してください。",
    ),
    "yaml_unsafe_tag": Text(
        "Tag that asks for code to be run",
        "A tag asks for code to be run when the file is read: it was not run. Remove the tag.",
        "コードを実行させるタグ",
        "読み込み時にコードを実行させるタグがあります。実行していません。タグを削除してください。",
    ),
    "yaml_non_utf8": Text(
        "data.yaml that is not UTF-8",
        "The file is not UTF-8: the trainer drops the bytes it cannot read, and class names change. Save it as UTF-8.",
        "UTF-8 でない data.yaml",
        "ファイルが UTF-8 ではありません。読めないバイトは捨てられ、クラス名が変わります。UTF-8 で保存してください。",
    ),
    "train_missing": Text(
        "No train split",
        "The key 'train' is missing: the trainer stops. Add the folder of the training images.",
        "train がない",
        "キー「train」がありません。学習は止まります。学習画像のフォルダーを書いてください。",
    ),
    "val_missing": Text(
        "No val split",
        "The key 'val' is missing: the trainer stops. Add the folder of the validation images.",
        "val がない",
        "キー「val」がありません。学習は止まります。検証画像のフォルダーを書いてください。",
    ),
    "val_key_misnamed": Text(
        "Val split under another name",
        "The validation split has another key than 'val': the trainer may not find it. Rename the key.",
        "val のキー名の誤り",
        "検証用の分割のキーが「val」ではありません。学習で見つからないことがあります。キー名を変えてください。",
    ),
    "nc_names_mismatch": Text(
        "nc and names differ",
        "'nc' gives another number of classes than 'names' lists: the trainer stops. Correct or remove 'nc'.",
        "nc と names の不一致",
        "「nc」の数と「names」の数が違います。学習は止まります。「nc」を直すか、削除してください。",
    ),
    "nc_not_integer": Text(
        "nc is not a whole number",
        "'nc' is not a whole number above 0: the trainer stops. Correct or remove it.",
        "整数でない nc",
        "「nc」が 1 以上の整数ではありません。学習は止まります。直すか、削除してください。",
    ),
    "names_and_nc_missing": Text(
        "Neither names nor nc",
        "Neither 'names' nor 'nc' is given: the trainer stops. Add the class names.",
        "names も nc もない",
        "「names」も「nc」もありません。学習は止まります。クラス名を書いてください。",
    ),
    "names_missing": Text(
        "No class names",
        "There are no class names: the trainer calls them class_0, class_1, …. Add 'names'.",
        "クラス名がない",
        "クラス名がありません。学習では class_0、class_1 … と呼ばれます。「names」を書いてください。",
    ),
    "names_index_gap": Text(
        "Gap in the class numbers",
        "The class numbers do not run from 0 without a gap: the trainer stops. Renumber them, and the labels with them.",
        "クラス番号の抜け",
        "クラス番号が 0 から連続していません。学習は止まります。ラベルと合わせて番号を振り直してください。",
    ),
    "names_wrong_type": Text(
        "names is neither list nor mapping",
        "'names' must be a list of class names, or a mapping from class number to name: the trainer stops or takes letters for classes. Correct it.",
        "names の型の誤り",
        "「names」はクラス名の一覧か、番号から名前への対応でなければなりません。学習は止まるか、文字をクラスと取り違えます。直してください。",
    ),
    "names_not_strings": Text(
        "Class name that is no text",
        "YAML reads a class name as something else than text (On, no, 1, ~): the class gets another name. Put it in quotes.",
        "文字列でないクラス名",
        "YAML がクラス名を文字列以外(On、no、1、~ など)として読みます。クラス名が変わります。引用符で囲んでください。",
    ),
    "names_duplicate": Text(
        "Two classes of one name",
        "Two classes have the same name: their figures cannot be told apart. Rename or merge them.",
        "クラス名の重複",
        "二つのクラスが同じ名前です。数値の区別がつきません。名前を変えるか、統合してください。",
    ),
    "names_empty_string": Text(
        "Class with an empty name",
        "A class has an empty name: figures cannot be read. Name it.",
        "空のクラス名",
        "名前が空のクラスがあります。数値が読めません。名前を付けてください。",
    ),
    "absolute_path_missing": Text(
        "Absolute path of another machine",
        "A path is absolute and not among this system's folders: on other machines the trainer stops. Make it relative to data.yaml.",
        "存在しない絶対パス",
        "絶対パスがこのシステムのフォルダーにありません。他のマシンでは学習が止まります。data.yaml からの相対パスにしてください。",
    ),
    "path_traversal": Text(
        "Path that leads out of the allowed folders",
        "A path leads out of the folders that this system may read: it was not followed. Move the images into the dataset's folder.",
        "許可されたフォルダーの外へのパス",
        "パスがこのシステムの読めるフォルダーの外を指しています。たどっていません。画像をデータセットのフォルダーに移してください。",
    ),
    "split_path_missing": Text(
        "Path of a split that does not exist",
        "The folder or list of a split does not exist: the trainer stops. Correct the path.",
        "存在しない分割のパス",
        "分割のフォルダーまたは一覧が存在しません。学習は止まります。パスを直してください。",
    ),
    "txt_list_missing_image": Text(
        "Listed image that does not exist",
        "A list names an image that does not exist: the trainer drops it. Remove the line, or restore the image.",
        "一覧にあるが存在しない画像",
        "一覧に存在しない画像があります。学習から除外されます。行を削除するか、画像を戻してください。",
    ),
    "txt_list_duplicate_entry": Text(
        "Image listed twice",
        "A list names an image twice: the trainer weighs it double. Remove one line.",
        "一覧の中の重複",
        "一覧に同じ画像が二度あります。学習で二重に数えられます。片方の行を削除してください。",
    ),
    "yaml_download_code": Text(
        "Code or address under 'download'",
        "The key 'download' holds code or an address that the trainer would run or fetch when images are missing: it was ignored. Remove it.",
        "download のコードまたはアドレス",
        "キー「download」に、画像がないとき学習が実行または取得するコードやアドレスがあります。無視しました。削除してください。",
    ),
    "two_yaml_files": Text(
        "Two YAML files in one folder",
        "There are several YAML files in the folder: it is unclear which describes the dataset, and the trainer refuses such a folder. Keep one.",
        "複数の YAML ファイル",
        "フォルダーに複数の YAML ファイルがあります。どれが正しいか分からず、学習では拒否されます。一つだけ残してください。",
    ),
}
