"""The two datasets of this project: the demo's, and the one the base weights are trained on.

No brand is in both, nor is a distractor of one a class of the other: what the demo shows is learned
there, not remembered.
"""

from libs.synthetic.spec import DatasetSpec

DEMO_BRANDS = ("adidas", "mcdonalds", "nike", "puma", "shell", "starbucks")

DEMO_STRANGERS = (
    *("discover", "duolingo", "emirates", "figma", "gitlab", "hitachi", "kodi", "lastdotfm"),
    *("moodle", "ubisoft", "patreon", "qualcomm", "razer", "roku", "sonos", "vivaldi"),
)

BASE_BRANDS = (
    *("airbnb", "amd", "android", "apple", "arduino", "asana", "astonmartin", "audi"),
    *("beats", "behance", "bentley", "bitcoin", "blackberry", "blender", "bluetooth", "bmw"),
    *("bose", "bosch", "brave", "burgerking", "carrefour", "chevrolet", "cisco", "citroen"),
    *("cocacola", "dell", "discord", "docker", "dolby", "dropbox", "dhl", "epicgames"),
    *("ethereum", "evernote", "facebook", "ferrari", "fila", "firefoxbrowser", "ford", "git"),
    *("github", "googlechrome", "honda", "hp", "huawei", "hyundai", "ikea", "instagram"),
    *("intel", "jeep", "jordan", "kfc", "kia", "klm", "lamborghini", "lenovo"),
    *("lg", "line", "linux", "lufthansa", "mailchimp", "maserati", "mastercard", "mazda"),
    *("mini", "mitsubishi", "monero", "motorola", "newbalance", "nissan", "nvidia", "oneplus"),
    *("opel", "paypal", "pinterest", "playstation", "porsche", "python", "raspberrypi", "react"),
    *("reddit", "redbull", "reebok", "renault", "rollsroyce", "safari", "samsung", "sega"),
    *("skoda", "snapchat", "sony", "soundcloud", "spotify", "steam", "subaru", "suzuki"),
    *("target", "telegram", "tesla", "thenorthface", "tiktok", "toyota", "tripadvisor", "twitch"),
    *("uber", "ubuntu", "underarmour", "unilever", "ups", "visa", "vlcmediaplayer", "volkswagen"),
    *("volvo", "whatsapp", "wikipedia", "wordpress", "xiaomi", "youtube", "zabka"),
)  # fmt: skip

DEMO_SPEC = DatasetSpec(
    classes=DEMO_BRANDS,
    counts={"train": 160, "val": 60, "test": 60},
    size=192,
    seed=0,
    empty_share=0.3,
    distractors=DEMO_STRANGERS,
)

BASE_SPEC = DatasetSpec(
    classes=BASE_BRANDS,
    counts={"train": 5000, "val": 400, "test": 400},
    size=160,
    seed=20,
    empty_share=0.1,
    distractors=(),
    logo_share=(0.14, 0.5),
)
