// Numbers, sizes and times as people read them, in the page's language.
import i18next from "i18next";

const KIB = 1024;
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function size(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return "—";
  let value = bytes;
  let unit = 0;
  while (value >= KIB && unit < UNITS.length - 1) {
    value /= KIB;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

export function percent(value: number | null | undefined): string {
  return value === null || value === undefined ? "—" : `${Math.round(value)} %`;
}

export function share(value: number | null | undefined): string {
  return value === null || value === undefined ? "—" : value.toFixed(3);
}

const numbers = new Map<string, Intl.NumberFormat>(); // one costs as much as a hundred numbers

export function count(value: number): string {
  const { language } = i18next;
  const known = numbers.get(language) ?? new Intl.NumberFormat(language);
  numbers.set(language, known);
  return known.format(value);
}

export function duration(seconds: number): string {
  const { t } = i18next;
  if (seconds < 90) return t("time.seconds", { n: Math.max(0, Math.round(seconds)) });
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return t("time.minutes", { n: minutes });
  return t("time.hours", { h: Math.floor(minutes / 60), m: minutes % 60 });
}

export function moment(iso: string | null | undefined): string {
  if (!iso) return "—";
  const date = new Date(iso);
  return Number.isNaN(date.getTime())
    ? iso
    : date.toLocaleString(i18next.language, { dateStyle: "medium", timeStyle: "short" });
}

export function clock(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleTimeString(i18next.language, { hour12: false });
}

/** Of today only the time, to the second; else the date, too. */
export function instant(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return "";
  if (date.toDateString() === new Date().toDateString()) return clock(iso);
  return date.toLocaleString(i18next.language, { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false });
}

export function baseName(path: string): string {
  return path.replace(/\/+$/, "").split("/").at(-1) ?? path;
}
