// Both languages are complete: no key is missing, empty or left over, and each key that the code asks for exists.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { en } from "./en";
import { ja } from "./ja";

type Tree = { [key: string]: string | Tree };

function flat(tree: Tree, prefix = ""): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tree).flatMap(([key, value]) =>
      typeof value === "string" ? [[prefix + key, value]] : Object.entries(flat(value, `${prefix}${key}.`)),
    ),
  );
}

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sources(path);
    return /\.tsx?$/.test(name) && !/\.test\./.test(name) ? [path] : [];
  });
}

const english = flat(en);
const japanese = flat(ja);
const asked = sources(join(import.meta.dirname, ".."))
  .map((path) => readFileSync(path, "utf8"))
  .flatMap((text) => [...text.matchAll(/\bt\(\s*(["`])([^"`]+)\1/g)].map((match) => match[2] as string));

test("Japanese has exactly the keys of English", () => {
  expect(Object.keys(japanese).sort()).toEqual(Object.keys(english).sort());
});

test("no text is empty, and both languages fill in the same values", () => {
  const holes = (text: string) => [...text.matchAll(/{{(\w+)}}/g)].map((match) => match[1]).sort();
  for (const [key, text] of Object.entries(english)) {
    expect(japanese[key]?.trim(), key).toBeTruthy();
    expect(holes(japanese[key] ?? ""), key).toEqual(holes(text));
  }
});

test("every key that the code asks for exists", () => {
  expect(asked.length).toBeGreaterThan(100);
  const missing = asked.filter((key) => {
    if (key.includes("${")) return !Object.keys(english).some((known) => known.startsWith(key.split("${")[0] ?? "?"));
    return !(key in english) && !(`${key}_other` in english);
  });
  expect(missing).toEqual([]);
});
