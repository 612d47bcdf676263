"""Every rule that was promised is in the catalogue, with its sentences in both languages."""

import re

from services.dataset.domain.catalogue import CATALOGUE, GROUPS
from services.dataset.domain.texts import TEXTS

PROMISED = re.findall(
    r"\w+",
    """
image_without_label label_without_image label_in_wrong_split duplicate_stem
case_insensitive_clash label_case_mismatch unicode_normalization_mismatch label_in_images_dir
stray_classes_txt non_image_in_images os_junk_file unsupported_extension broken_symlink
symlink_outside_root control_char_in_filename zero_byte_image not_an_image truncated_jpeg
truncated_jpeg_with_eoi corrupt_scan_data png_crc_error truncated_png jpeg_trailing_data
extension_content_mismatch exif_orientation cmyk_jpeg sixteen_bit_image alpha_channel
animated_image multi_page_tiff decompression_bomb image_too_small extreme_image_aspect
image_size_outlier blank_image dark_image overexposed_image blurry_image low_jpeg_quality
partial_gray_fill color_space_outlier exact_duplicate pixel_identical near_duplicate
mirrored_duplicate exact_duplicate_across_splits pixel_identical_across_splits
near_duplicate_across_splits mirrored_duplicate_across_splits duplicate_image_conflicting_labels
train_equals_val split_overlap_parent txt_list_overlap same_source_across_splits
class_out_of_range negative_class non_integer_class coordinate_above_one negative_coordinate
not_normalized nan_value inf_value zero_size_box negative_size_box box_out_of_image tiny_box
full_image_box duplicate_box near_duplicate_box same_box_two_classes heavy_overlap_same_class
wrong_column_count extra_confidence_column segments_mixed_with_boxes segments_in_detection_set
odd_polygon_count non_numeric_value comma_separated decimal_comma utf8_bom utf16_label
non_utf8_label nul_bytes_label crlf_line_endings oversized_label_file xyxy_format_suspected
object_count_outlier box_aspect_outlier box_size_outlier unused_class few_samples_class
class_imbalance class_missing_in_train duplicate_class_name split_distribution_drift
image_property_drift background_share split_ratio split_empty class_label_suspect
missing_box_suspect box_misplaced_suspect spurious_box_suspect yaml_syntax_error yaml_tab_indent
yaml_not_mapping yaml_empty yaml_duplicate_key yaml_unsafe_tag yaml_non_utf8 train_missing
val_missing val_key_misnamed nc_names_mismatch nc_not_integer names_and_nc_missing names_missing
names_index_gap names_wrong_type names_not_strings names_duplicate names_empty_string
absolute_path_missing path_traversal split_path_missing txt_list_missing_image
txt_list_duplicate_entry yaml_download_code two_yaml_files
""",
)
JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")


def test_every_promised_rule_is_listed_once_and_no_other() -> None:
    assert sorted(rule.id for rule in CATALOGUE) == sorted(PROMISED)
    assert sum(len(group) for group in GROUPS.values()) == len(PROMISED) == 129


def test_every_rule_says_in_both_languages_what_it_is_and_what_to_do() -> None:
    assert set(TEXTS) == set(PROMISED)
    for text in TEXTS.values():
        assert text.sentence_en.endswith(".")
        assert text.sentence_ja.endswith("。")
        assert JAPANESE.search(text.title_ja)
        assert JAPANESE.search(text.sentence_ja)
        assert not JAPANESE.search(text.title_en + text.sentence_en)
        assert len(text.title_en) < 60
    assert len({text.sentence_ja for text in TEXTS.values()}) == len(TEXTS)


def test_a_threshold_has_a_unit() -> None:
    assert all((rule.threshold is None) == (rule.unit is None) for rule in CATALOGUE)
