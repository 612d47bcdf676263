// Texts of the tools of a chart, in English.

export const chart = {
  log: "log: logarithmic scale",
  large: "Large: {{title}}",
  png: "Save as PNG: {{title}}",
  csv: "Save as CSV: {{title}}",
  drag: "Drag over a chart to zoom, double-click to see all",
  showAll: "Show all",
};
