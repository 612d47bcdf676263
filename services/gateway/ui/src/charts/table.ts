// Curves as a table of comma-separated values, and files that the browser saves. Pure but for `save`.
import type { Curve } from "./Curves";

/** One line per place on the axis, one column per curve; empty where a curve has no point. */
export function csvOf(curves: readonly Curve[], axis: string): string {
  const rows = new Map<number, (number | null)[]>();
  curves.forEach((curve, column) => {
    for (const [x, y] of curve.points) {
      const row = rows.get(x) ?? Array<number | null>(curves.length).fill(null);
      row[column] = y;
      rows.set(x, row);
    }
  });
  const lines = [...rows].sort(([a], [b]) => a - b).map(([x, row]) => [x, ...row.map((y) => y ?? "")].join(","));
  return [[axis, ...curves.map((curve) => quoted(curve.name))].join(","), ...lines, ""].join("\n");
}

function quoted(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Offers a file for download. */
export function save(name: string, url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}

export function saveText(name: string, text: string, type = "text/csv"): void {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  save(name, url);
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
