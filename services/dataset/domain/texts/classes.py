"""Texts of the rules on classes and splits."""

from services.dataset.domain.texts.text import Text

TEXTS = {
    "unused_class": Text(
        "Class without a box",
        "No label has this class: it cannot be learnt. Label some images, or delete the class.",
        "使われていないクラス",
        "このクラスのラベルがありません。学習できません。画像にラベルを付けるか、クラスを削除してください。",
    ),
    "few_samples_class": Text(
        "Class with few boxes",
        "The class has only a few boxes: it will be learnt badly. Add images of it.",
        "例の少ないクラス",
        "このクラスのボックスがわずかです。十分に学習できません。画像を追加してください。",
    ),
    "class_imbalance": Text(
        "Classes out of balance",
        "One class has many times more boxes than another: the rare one is learnt badly. Add images of the rare class.",
        "クラスの偏り",
        "あるクラスのボックスが別のクラスの何倍もあります。少ない方は十分に学習できません。少ないクラスの画像を追加してください。",
    ),
    "class_missing_in_train": Text(
        "Class that is never in train",
        "The class has boxes in other splits but none in train: it cannot be learnt. Split the dataset anew.",
        "train にないクラス",
        "他の分割にはあるのに train にないクラスです。学習できません。分割し直してください。",
    ),
    "duplicate_class_name": Text(
        "Class names that differ in capitals or spaces only",
        "Two class names differ in capital letters or spaces only: they are likely one class. Merge them.",
        "ほぼ同じクラス名",
        "大文字小文字や空白だけが違うクラス名があります。おそらく同じクラスです。統合してください。",
    ),
    "split_distribution_drift": Text(
        "Classes are spread differently over the splits",
        "The shares of the classes differ strongly between train and another split: its figures do not speak for what was learnt. Split the dataset anew, stratified by class.",
        "分割間のクラス分布の差",
        "クラスの割合が train と別の分割で大きく違います。数値が学習の内容を表しません。クラスごとに層化して分割し直してください。",
    ),
    "image_property_drift": Text(
        "Images differ between the splits",
        "Size, brightness, sharpness or colour of the images differ strongly between train and another split: they come from other sources. Split the dataset anew.",
        "分割間の画像の性質の差",
        "画像の大きさ、明るさ、鮮明さ、色が train と別の分割で大きく違います。出どころが違うようです。分割し直してください。",
    ),
    "background_share": Text(
        "Share of background images",
        "Many images have no box: they lower false alarms but teach no class. Check that this is meant.",
        "背景画像の割合",
        "ボックスのない画像が多くあります。誤検出は減りますが、クラスは学べません。意図どおりか確かめてください。",
    ),
    "split_ratio": Text(
        "Val is a very small share",
        "Val holds a very small share of the images: its figures will be noisy. Move images to val.",
        "val の割合が小さい",
        "val の画像の割合がとても小さく、数値がばらつきます。val に画像を移してください。",
    ),
    "split_empty": Text(
        "Split without images",
        "The split holds no image: the trainer stops. Put images there, or correct the path.",
        "空の分割",
        "分割に画像がありません。学習は止まります。画像を置くか、パスを直してください。",
    ),
}
