"""Every rule that is checked, its weight, its fix and its threshold: the one place they are listed.

To add a rule: a line here, its sentences in `texts/`, a function in the `rules_…` file of what it
looks at, a planted defect and a clean twin in the tests.
"""

from services.dataset.domain.findings import Rule

FILES = (
    Rule("image_without_label", "W", "opt"),
    Rule("label_without_image", "W", "opt"),
    Rule("label_in_wrong_split", "E", "auto"),
    Rule("duplicate_stem", "E"),
    Rule("case_insensitive_clash", "W", "opt"),
    Rule("label_case_mismatch", "E", "auto"),
    Rule("unicode_normalization_mismatch", "E", "auto"),
    Rule("label_in_images_dir", "E", "auto"),
    Rule("stray_classes_txt", "I", "opt"),
    Rule("non_image_in_images", "I", "opt"),
    Rule("os_junk_file", "I", "auto"),
    Rule("unsupported_extension", "W", "auto"),
    Rule("broken_symlink", "E", "opt"),
    Rule("symlink_outside_root", "W"),
    Rule("control_char_in_filename", "W", "opt"),
)

IMAGES = (
    Rule("zero_byte_image", "E"),
    Rule("not_an_image", "E"),
    Rule("truncated_jpeg", "E"),
    Rule("truncated_jpeg_with_eoi", "E"),
    Rule("corrupt_scan_data", "E"),
    Rule("png_crc_error", "E"),
    Rule("truncated_png", "E"),
    Rule("jpeg_trailing_data", "I", "auto"),
    Rule("extension_content_mismatch", "W", "auto"),
    Rule("exif_orientation", "W", "opt"),
    Rule("cmyk_jpeg", "W", "opt"),
    Rule("sixteen_bit_image", "W", "opt"),
    Rule("alpha_channel", "W", "opt"),
    Rule("animated_image", "W", "opt"),
    Rule("multi_page_tiff", "W", "opt"),
    Rule("decompression_bomb", "E", threshold=89_478_485, unit="pixels"),
    Rule("image_too_small", "E", threshold=10, unit="pixels"),
    Rule("extreme_image_aspect", "W", threshold=8, unit="long side / short side"),
    Rule("image_size_outlier", "I", threshold=3.5, unit="robust deviations"),
    Rule("blank_image", "W", threshold=10, unit="grey levels between darkest and brightest"),
    Rule("dark_image", "I", threshold=55, unit="grey level that 99 % are below"),
    Rule("overexposed_image", "I", threshold=0.5, unit="share of burnt-out pixels"),
    Rule("blurry_image", "I", threshold=0.45, unit="sharpness of the clearest edges, 0 to 1"),
    Rule("low_jpeg_quality", "I", threshold=40, unit="JPEG quality, 1 to 100"),
    Rule("partial_gray_fill", "W", threshold=0.04, unit="share of the rows"),
    Rule("color_space_outlier", "I", threshold=0.05, unit="share of the images"),
)

DUPLICATES = (
    Rule("exact_duplicate", "W", "opt"),
    Rule("pixel_identical", "W", "opt"),
    Rule("near_duplicate", "W", "opt"),
    Rule("mirrored_duplicate", "W"),
    Rule("exact_duplicate_across_splits", "E", "opt"),
    Rule("pixel_identical_across_splits", "E", "opt"),
    Rule("near_duplicate_across_splits", "E", "opt"),
    Rule("mirrored_duplicate_across_splits", "W", "opt"),
    Rule("duplicate_image_conflicting_labels", "E"),
    Rule("train_equals_val", "E"),
    Rule("split_overlap_parent", "E"),
    Rule("txt_list_overlap", "E"),
    Rule("same_source_across_splits", "W"),
)

LABELS = (
    Rule("class_out_of_range", "E"),
    Rule("negative_class", "E"),
    Rule("non_integer_class", "E"),
    Rule("coordinate_above_one", "E"),
    Rule("negative_coordinate", "E"),
    Rule("not_normalized", "E", "auto"),
    Rule("nan_value", "E"),
    Rule("inf_value", "E"),
    Rule("zero_size_box", "E", "opt"),
    Rule("negative_size_box", "E"),
    Rule("box_out_of_image", "E", "auto", threshold=0.001, unit="share of the side"),
    Rule("tiny_box", "W", "opt", threshold=2e-5, unit="share of the image"),
    Rule("full_image_box", "I", threshold=0.99, unit="share of the side"),
    Rule("duplicate_box", "W", "auto"),
    Rule("near_duplicate_box", "W", "opt", threshold=0.9, unit="IoU"),
    Rule("same_box_two_classes", "W", threshold=0.9, unit="IoU"),
    Rule("heavy_overlap_same_class", "W", threshold=0.7, unit="IoU"),
    Rule("wrong_column_count", "E"),
    Rule("extra_confidence_column", "E", "auto"),
    Rule("segments_mixed_with_boxes", "E", "auto"),
    Rule("segments_in_detection_set", "W", "auto"),
    Rule("odd_polygon_count", "E"),
    Rule("non_numeric_value", "E"),
    Rule("comma_separated", "E", "auto"),
    Rule("decimal_comma", "E", "auto"),
    Rule("utf8_bom", "W", "auto"),
    Rule("utf16_label", "E", "opt"),
    Rule("non_utf8_label", "E", "opt"),
    Rule("nul_bytes_label", "E"),
    Rule("crlf_line_endings", "I", "auto"),
    Rule("oversized_label_file", "W", threshold=500_000, unit="bytes"),
    Rule("xyxy_format_suspected", "E", "opt", threshold=0.5, unit="share of the rows"),
    Rule("object_count_outlier", "I", threshold=3.5, unit="robust deviations"),
    Rule("box_aspect_outlier", "I", threshold=3.5, unit="robust deviations"),
    Rule("box_size_outlier", "I", threshold=3.5, unit="robust deviations"),
)

CLASSES = (
    Rule("unused_class", "W", "opt"),
    Rule("few_samples_class", "W", threshold=10, unit="boxes"),
    Rule("class_imbalance", "W", threshold=10, unit="most / fewest boxes"),
    Rule("class_missing_in_train", "E"),
    Rule("duplicate_class_name", "W", "opt"),
    Rule("split_distribution_drift", "W", threshold=0.3, unit="total variation distance"),
    Rule("image_property_drift", "W", threshold=0.5, unit="Kolmogorov-Smirnov distance"),
    Rule("background_share", "I", threshold=0.5, unit="share of the split"),
    Rule("split_ratio", "I", threshold=0.05, unit="share of the images"),
    Rule("split_empty", "E"),
)

MEANING = (
    Rule("class_label_suspect", "W"),
    Rule("missing_box_suspect", "W"),
    Rule("box_misplaced_suspect", "W"),
    Rule("spurious_box_suspect", "W"),
)

DESCRIPTION = (
    Rule("yaml_syntax_error", "E"),
    Rule("yaml_tab_indent", "E"),
    Rule("yaml_not_mapping", "E"),
    Rule("yaml_empty", "E"),
    Rule("yaml_duplicate_key", "E"),
    Rule("yaml_unsafe_tag", "E"),
    Rule("yaml_non_utf8", "E", "auto"),
    Rule("train_missing", "E", "auto"),
    Rule("val_missing", "E", "auto"),
    Rule("val_key_misnamed", "E", "auto"),
    Rule("nc_names_mismatch", "E", "auto"),
    Rule("nc_not_integer", "E"),
    Rule("names_and_nc_missing", "E"),
    Rule("names_missing", "W"),
    Rule("names_index_gap", "E", "auto"),
    Rule("names_wrong_type", "E", "auto"),
    Rule("names_not_strings", "W", "auto"),
    Rule("names_duplicate", "W"),
    Rule("names_empty_string", "W"),
    Rule("absolute_path_missing", "E", "auto"),
    Rule("path_traversal", "E"),
    Rule("split_path_missing", "E"),
    Rule("txt_list_missing_image", "E", "opt"),
    Rule("txt_list_duplicate_entry", "W", "auto"),
    Rule("yaml_download_code", "W"),
    Rule("two_yaml_files", "W"),
)

GROUPS = {
    "files": FILES,
    "images": IMAGES,
    "duplicates": DUPLICATES,
    "labels": LABELS,
    "classes": CLASSES,
    "meaning": MEANING,
    "description": DESCRIPTION,
}
"""The rules under the headings of the documentation."""

CATALOGUE = tuple(rule for group in GROUPS.values() for rule in group)
