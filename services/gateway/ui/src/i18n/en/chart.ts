// Texts of the tools of a chart, in English.

export const chart = {
  log: "Logarithmic scale",
  large: "Large: {{title}}",
  png: "Save as PNG: {{title}}",
  csv: "Save as CSV: {{title}}",
};
