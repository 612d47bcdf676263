"""Texts of the rules on duplicates and leaks."""

from services.dataset.domain.texts.text import Text

TEXTS = {
    "exact_duplicate": Text(
        "The same file twice",
        "The same image file is in the split twice: it counts double. Keep one.",
        "同一ファイルの重複",
        "同じ画像ファイルが一つの分割に二つあります。二重に数えられます。一つだけ残してください。",
    ),
    "pixel_identical": Text(
        "The same pixels twice",
        "Two files hold the same pixels in other bytes: the image counts double. Keep one.",
        "画素が同一の画像",
        "バイトは違いますが画素が同じ画像が二つあります。二重に数えられます。一つだけ残してください。",
    ),
    "near_duplicate": Text(
        "Nearly the same image twice",
        "Two images are nearly the same: they teach little more than one. Keep the better.",
        "ほぼ同じ画像",
        "ほぼ同じ画像が二つあります。一つの場合より学べることはほとんど増えません。良い方を残してください。",
    ),
    "mirrored_duplicate": Text(
        "The same image mirrored",
        "One image is the mirror image of another: the trainer mirrors images itself, and mirrored logos are wrong. Keep the original.",
        "左右反転した同じ画像",
        "別の画像を左右反転した画像です。反転は学習時に行われ、反転したロゴは誤りです。元の画像を残してください。",
    ),
    "exact_duplicate_across_splits": Text(
        "The same file in two splits",
        "The same image file is in two splits: the trainer is judged on what it has learnt by heart, and the figures are too good. Keep it in one.",
        "分割をまたぐ同一ファイル",
        "同じ画像ファイルが二つの分割にあります。覚えた画像で評価され、数値が良く出すぎます。一つの分割だけに残してください。",
    ),
    "pixel_identical_across_splits": Text(
        "The same pixels in two splits",
        "The same pixels are in two splits in other bytes: the figures are too good. Keep the image in one split.",
        "分割をまたぐ画素が同一の画像",
        "画素が同じ画像が二つの分割にあります。数値が良く出すぎます。一つの分割だけに残してください。",
    ),
    "near_duplicate_across_splits": Text(
        "Nearly the same image in two splits",
        "Nearly the same image is in two splits: the figures are too good. Keep such images together in one split.",
        "分割をまたぐほぼ同じ画像",
        "ほぼ同じ画像が二つの分割にあります。数値が良く出すぎます。似た画像は一つの分割にまとめてください。",
    ),
    "mirrored_duplicate_across_splits": Text(
        "The same image mirrored in another split",
        "An image of one split is the mirror image of one in another: the trainer mirrors images itself, so the figures are too good. Keep both in one split.",
        "分割をまたぐ左右反転画像",
        "別の分割の画像を左右反転した画像です。学習では反転も行われるため、数値が良く出すぎます。一つの分割にまとめてください。",
    ),
    "duplicate_image_conflicting_labels": Text(
        "The same image with other labels",
        "The same image is labelled in two ways: the trainer learns a contradiction. Correct one of the labels.",
        "ラベルの食い違う同じ画像",
        "同じ画像に違うラベルが付いています。矛盾を学習してしまいます。どちらかのラベルを直してください。",
    ),
    "train_equals_val": Text(
        "Train and val are the same",
        "Train and val hold the same images: the figures say nothing about new images. Split the dataset anew.",
        "train と val が同じ",
        "train と val が同じ画像です。数値は未知の画像について何も示しません。分割し直してください。",
    ),
    "split_overlap_parent": Text(
        "One split's folder contains another's",
        "The folder of one split lies inside that of another: its images belong to both splits, and the figures are too good. Give each split a folder of its own.",
        "分割のフォルダーの入れ子",
        "ある分割のフォルダーが別の分割のフォルダーの中にあります。画像が両方に含まれ、数値が良く出すぎます。分割ごとに別のフォルダーにしてください。",
    ),
    "txt_list_overlap": Text(
        "An image is listed in two splits",
        "The lists of two splits name the same images: the figures are too good. Name each image in one list only.",
        "二つの分割の一覧に載る画像",
        "二つの分割の一覧に同じ画像があります。数値が良く出すぎます。各画像は一つの一覧だけに書いてください。",
    ),
    "same_source_across_splits": Text(
        "Images of one source in two splits",
        "Images of one recording, or of one source picture, are in two splits: they look alike, and the figures are too good. Keep a source together in one split.",
        "同じ元画像が複数の分割にある",
        "同じ撮影や同じ元画像から作られた画像が複数の分割にあります。互いに似ているため数値が良く出すぎます。一つの分割にまとめてください。",
    ),
}
