// REST as the contract types it: `ask("GET /datasets/{name}", { path: { name } })` knows what it takes and answers.
import { BASE, get, post, remove } from "./client";
import type { Operations } from "./rest.gen";

type Operation = keyof Operations;
type Of<Method extends string> = Extract<Operation, `${Method} ${string}`>;
type Given<K extends Operation> = {
  path?: Operations[K]["path"];
  query?: Operations[K]["query"];
};

/** Path and query below the base; lists become repeated parameters, null and undefined are left out. */
export function route<K extends Operation>(operation: K, { path, query }: Given<K> = {}): string {
  const values: Record<string, unknown> = path ?? {};
  const filled = operation
    .slice(operation.indexOf(" ") + 1)
    .replace(/{(\w+)}/g, (_, name: string) => encodeURIComponent(String(values[name])));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries((query ?? {}) as Record<string, unknown>)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== null && each !== undefined) search.append(name, String(each));
    }
  }
  return search.size > 0 ? `${filled}?${search}` : filled;
}

export function ask<K extends Of<"GET">>(
  operation: K,
  given: Given<K> = {},
  signal?: AbortSignal,
): Promise<Operations[K]["answer"]> {
  return get<Operations[K]["answer"]>(route(operation, given), signal);
}

export function send<K extends Of<"POST">>(
  operation: K,
  given: Given<K> & { body: Operations[K]["body"] },
  headers: Record<string, string> = {},
): Promise<Operations[K]["answer"]> {
  return post<Operations[K]["answer"]>(route(operation, given), given.body, headers);
}

export function drop<K extends Of<"DELETE">>(operation: K, given: Given<K>): Promise<Operations[K]["answer"]> {
  return remove<Operations[K]["answer"]>(route(operation, given));
}

export function address<K extends Of<"GET">>(operation: K, given: Given<K>): string {
  return BASE + route(operation, given);
}

/** A page of a list, with what its headers tell. */
export interface Page<T> {
  rows: T;
  total: number | null;
  next: string | null;
}

/** A list by pages: the next page's cursor is in `Link`, the number of all in `X-Total-Count`. */
export async function page<K extends Of<"GET">>(
  operation: K,
  given: Given<K>,
  signal?: AbortSignal,
): Promise<Page<Operations[K]["answer"]>> {
  let headers = new Headers();
  const rows = await get<Operations[K]["answer"]>(route(operation, given), signal, (seen) => (headers = seen));
  const total = headers.get("X-Total-Count");
  const link = /<([^>]+)>; rel="next"/.exec(headers.get("Link") ?? "")?.[1];
  return {
    rows,
    total: total === null ? null : Number(total),
    next: link === undefined ? null : new URLSearchParams(link.split("?")[1]).get("cursor"),
  };
}
