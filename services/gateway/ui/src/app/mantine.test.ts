// Every Mantine component that the page uses has its styles in `mantine.css`.
import { readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SRC = join(dirname(fileURLToPath(import.meta.url)), "..");
const CORE = join(SRC, "../node_modules/@mantine/core");

const read = (path: string) => readFileSync(path, "utf8");
const under = (folder: string, ending: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((found) => found[1] ?? "");

/** Names that the page takes from Mantine. */
function used(): string[] {
  const lists = under(SRC, ".tsx").flatMap((path) => all(read(path), /import \{([^}]*)\} from "@mantine\/core"/g));
  return lists.flatMap((list) => list.split(",").map((name) => name.trim()));
}

/** The modules of these components, and of all that those are made of. */
function modules(names: readonly string[]): Set<string> {
  const wanted = new Set(names);
  const waiting = under(join(CORE, "esm/components"), ".mjs").filter((path) => wanted.has(basename(path, ".mjs")));
  const seen = new Set<string>();
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const other of all(read(path), /from "(\.[^"]+)"/g)) waiting.push(join(dirname(path), other));
  }
  return seen;
}

const classes = (css: string) => new Set(all(css, /\.(m_[0-9a-f]+)/g));

test("no component of Mantine is without its styles", () => {
  const listed = all(read(join(SRC, "app/mantine.css")), /@import "@mantine\/core\/([^"]+)"/g);
  const have = classes(listed.map((name) => read(join(CORE, name))).join());
  const styled = classes(read(join(CORE, "styles.css")));
  const parts = [...modules(used())].filter((path) => path.endsWith(".module.mjs"));
  expect(parts.length).toBeGreaterThan(20);
  const bare = parts.filter((path) => all(read(path), /"(m_[0-9a-f]+)"/g).some((name) => styled.has(name) && !have.has(name)));
  expect(bare.map((path) => basename(path, ".module.mjs"))).toEqual([]);
});
