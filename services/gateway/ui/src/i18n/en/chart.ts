// Texts of the tools of a chart, in English.

export const chart = {
  log: "log: logarithmic scale",
  large: "Large: {{title}}",
  png: "Save as PNG: {{title}}",
  csv: "Save as CSV: {{title}}",
};
