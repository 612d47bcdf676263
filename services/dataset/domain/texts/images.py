"""Texts of the rules on image bytes and pixels."""

from services.dataset.domain.texts.text import Text

TEXTS = {
    "zero_byte_image": Text(
        "Empty image file",
        "The image file has no bytes: the trainer drops it. Copy it again, or remove it.",
        "空の画像ファイル",
        "画像ファイルが 0 バイトです。学習から除外されます。コピーし直すか、削除してください。",
    ),
    "not_an_image": Text(
        "Not an image",
        "The content is of no image format that is known: the trainer drops it. Replace or remove the file.",
        "画像ではないファイル",
        "中身が既知の画像形式ではありません。学習から除外されます。差し替えるか、削除してください。",
    ),
    "truncated_jpeg": Text(
        "JPEG that breaks off",
        "The JPEG's end is missing: the trainer would rewrite the file with its lower part grey. Copy it again from the source.",
        "途中で切れた JPEG",
        "JPEG の終わりがありません。学習では下部が灰色のまま書き直されます。元からコピーし直してください。",
    ),
    "truncated_jpeg_with_eoi": Text(
        "JPEG whose data breaks off before its end mark",
        "The image data stops before the end mark: the lower part of the picture is grey, and the trainer does not notice. Copy it again from the source.",
        "終端はあるがデータの欠けた JPEG",
        "画像データが終端記号の前で切れています。画像の下部は灰色になり、学習では気付かれません。元からコピーし直してください。",
    ),
    "corrupt_scan_data": Text(
        "Damaged image data",
        "The image data is damaged: a part of the picture is garbage or cannot be decoded. Copy it again from the source, or remove it.",
        "壊れた画像データ",
        "画像データが壊れています。画像の一部が乱れるか、復号できません。元からコピーし直すか、削除してください。",
    ),
    "png_crc_error": Text(
        "PNG with a wrong checksum",
        "A checksum inside the PNG is wrong: the file was damaged, and the trainer drops it or reads garbage. Copy it again from the source.",
        "チェックサムの合わない PNG",
        "PNG の内部のチェックサムが合いません。ファイルが壊れており、学習から除外されるか乱れた画像になります。元からコピーし直してください。",
    ),
    "truncated_png": Text(
        "PNG that breaks off",
        "The PNG's end is missing: the trainer drops it or sees a part of it. Copy it again from the source.",
        "途中で切れた PNG",
        "PNG の終わりがありません。学習から除外されるか、一部しか読まれません。元からコピーし直してください。",
    ),
    "jpeg_trailing_data": Text(
        "Bytes after the end of a JPEG",
        "Bytes follow the end of the image: they are ignored. Cut them off to save space.",
        "JPEG の終端の後の余分なデータ",
        "画像の終わりの後に余分なバイトがあります。学習では無視されます。容量を減らすには切り落としてください。",
    ),
    "extension_content_mismatch": Text(
        "Ending does not fit the content",
        "The file's ending names another format than its content: some programs refuse it. Rename it after its content.",
        "拡張子と中身の不一致",
        "拡張子と中身の形式が違います。読めないプログラムがあります。中身に合わせて名前を変えてください。",
    ),
    "exif_orientation": Text(
        "Image turned by an EXIF tag",
        "An EXIF tag turns the image: boxes drawn on the unturned pixels do not fit what the trainer sees. Check the boxes, and save the image turned.",
        "EXIF による回転",
        "EXIF タグで画像が回転されます。回転前の画素に付けたボックスは、学習で見える画像と合いません。ボックスを確かめ、回転済みの画像を保存してください。",
    ),
    "cmyk_jpeg": Text(
        "JPEG in printing colours",
        "The image is in printing colours (CMYK): its colours may come out wrong. Save it as RGB.",
        "CMYK の JPEG",
        "印刷用の色(CMYK)の画像です。色が正しく読まれないことがあります。RGB で保存してください。",
    ),
    "sixteen_bit_image": Text(
        "Image with 16 bits per value",
        "The image has 16 bits per value: the trainer keeps 8, and dark images turn black. Save it with 8 bits.",
        "16 ビット画像",
        "1 値 16 ビットの画像です。学習では 8 ビットに減らされ、暗い画像は真っ黒になることがあります。8 ビットで保存してください。",
    ),
    "alpha_channel": Text(
        "Image with transparency",
        "The image has an alpha channel, which the trainer ignores: hidden colours become visible. Save it on a solid background.",
        "透明度を持つ画像",
        "アルファチャンネルがあります。学習では無視され、隠れた色が見えることがあります。背景と合成して保存してください。",
    ),
    "animated_image": Text(
        "Animation",
        "The image is an animation: only its first frame is used. Save the frame that the labels belong to.",
        "アニメーション画像",
        "アニメーションです。最初のコマだけが使われます。ラベルの対象のコマを保存してください。",
    ),
    "multi_page_tiff": Text(
        "TIFF with several pages",
        "The TIFF has several pages: only the first is used. Save each page as an image of its own.",
        "複数ページの TIFF",
        "TIFF に複数のページがあります。最初のページだけが使われます。ページごとに別の画像として保存してください。",
    ),
    "decompression_bomb": Text(
        "Far too many pixels",
        "The image holds more pixels than is safe to decode: it was not decoded, and a training could run out of memory. Shrink it.",
        "巨大すぎる画像",
        "安全に復号できる画素数を超えています。復号はしていません。学習ではメモリが足りなくなるおそれがあります。縮小してください。",
    ),
    "image_too_small": Text(
        "Image of a few pixels",
        "The image's width or height is below what the trainer accepts: it is dropped. Replace or remove it.",
        "小さすぎる画像",
        "幅または高さが学習の下限より小さい画像です。学習から除外されます。差し替えるか、削除してください。",
    ),
    "extreme_image_aspect": Text(
        "Very long or very wide image",
        "One side is many times the other: scaled to the training size, little is left of the short side. Crop it.",
        "極端に細長い画像",
        "一辺が他辺の何倍もあります。学習の大きさに縮小すると短い辺がほとんど残りません。切り抜いてください。",
    ),
    "image_size_outlier": Text(
        "Image of an unusual size",
        "The image's size is far from that of the others: look whether it belongs here.",
        "大きさが他と大きく違う画像",
        "画像の大きさが他の画像と大きく違います。このデータセットのものか確かめてください。",
    ),
    "blank_image": Text(
        "Image of one colour",
        "The image shows one colour only: nothing can be learnt from it. Remove it.",
        "単色の画像",
        "画像が一色だけです。学習できるものがありません。削除してください。",
    ),
    "dark_image": Text(
        "Very dark image",
        "The image is very dark: its logos may be invisible. Look at it.",
        "暗すぎる画像",
        "画像がとても暗く、ロゴが見えないことがあります。確認してください。",
    ),
    "overexposed_image": Text(
        "Very bright image",
        "The image is very bright: its logos may be washed out. Look at it.",
        "明るすぎる画像",
        "画像がとても明るく、ロゴが白飛びしていることがあります。確認してください。",
    ),
    "blurry_image": Text(
        "Blurred image",
        "The image has no sharp edge: its logos may be unreadable. Look at it.",
        "ぼやけた画像",
        "画像に鮮明な輪郭がなく、ロゴが判別できないことがあります。確認してください。",
    ),
    "low_jpeg_quality": Text(
        "Strongly compressed JPEG",
        "The JPEG was saved with a low quality: blocks hide small logos. Take a better copy.",
        "圧縮のきつい JPEG",
        "低い品質で保存された JPEG です。ブロックノイズで小さなロゴが隠れます。より良いコピーを使ってください。",
    ),
    "partial_gray_fill": Text(
        "Lower part of the image is flat grey",
        "The lower part is flat grey, as after a broken download that was saved again: boxes there show nothing. Take the original.",
        "一部が灰色の画像",
        "下部が一様な灰色です。途中で切れた画像を保存し直した跡で、そこのボックスには何も写っていません。元の画像を使ってください。",
    ),
    "color_space_outlier": Text(
        "Other colours than the rest",
        "The image is grey where nearly all others are in colour, or the other way round. Look whether it belongs here.",
        "色の種類が他と違う画像",
        "ほとんどの画像がカラーの中の白黒画像、またはその逆です。このデータセットのものか確かめてください。",
    ),
}
