// Talks REST to the gateway this page came from; an error answer becomes an ApiError with its problem detail.
import i18next from "i18next";
import { csrfHeader } from "./csrf";
import type { Problem } from "./types";

export const BASE = "/api/v1/ml";

/** Sentences of the server come in the language of the page. */
const accepted = () => ({ Accept: "application/json", "Accept-Language": i18next.language ?? "en", ...csrfHeader() });

export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem;

  constructor(status: number, problem: Problem) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.problem = problem;
  }

  /** Sentences by form field, from the problem detail's `errors`. */
  get fields(): Record<string, string> {
    const found: Record<string, string> = {};
    for (const { loc, msg } of this.problem.errors ?? []) {
      const field = loc.filter((part) => typeof part === "string" && part !== "body")[0];
      if (field !== undefined) found[String(field)] ??= msg;
    }
    return found;
  }
}

async function answer<T>(response: Response): Promise<T> {
  const text = await response.text();
  let body: unknown = null;
  try {
    body = text === "" ? null : JSON.parse(text);
  } catch {
    body = { detail: `The gateway answered HTTP ${response.status} without JSON.` };
  }
  if (!response.ok) throw new ApiError(response.status, (body ?? {}) as Problem);
  return body as T;
}

export async function get<T>(path: string, signal?: AbortSignal, seen?: (headers: Headers) => void): Promise<T> {
  const response = await fetch(BASE + path, { signal: signal ?? null, headers: accepted() });
  seen?.(response.headers);
  return answer<T>(response);
}

export async function remove<T>(path: string): Promise<T> {
  return answer<T>(await fetch(BASE + path, { method: "DELETE", headers: accepted() }));
}

export async function post<T>(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
  return answer<T>(
    await fetch(BASE + path, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...accepted(), ...headers },
      body: JSON.stringify(body ?? {}),
    }),
  );
}

/** Asks for a job that is told by the socket when done: the gateway answers 202 at once. */
export async function begin(path: string, body: unknown): Promise<string> {
  const reply = await post<Record<string, unknown>>(path, body, { Prefer: "respond-async" });
  for (const name of ["id", "validation_id", "visualization_id"]) {
    if (typeof reply[name] === "string") return reply[name];
  }
  throw new Error("The gateway's answer carries no id.");
}

export function artifactUrl(key: string): string {
  return `${BASE}/artifacts/${key.split("/").map(encodeURIComponent).join("/")}`;
}

/** The line that does the same from a terminal. */
export function curlLine(origin: string, path: string, body: unknown): string {
  const json = JSON.stringify(body, null, 2).replaceAll("'", String.raw`'\''`);
  return `curl -s ${origin}${BASE}${path} \\\n  -H 'Content-Type: application/json' \\\n  -d '${json}'`;
}
