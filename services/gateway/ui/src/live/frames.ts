// What comes over the live socket: facts of the log (with `seq`) and readings (without), checked before use.

/** A stored fact: a CloudEvent and its place in the log. */
export interface Fact {
  id: string;
  seq: number;
  kind: string;
  jobId: string;
  time: string;
  attempt: number;
  data: Record<string, unknown>;
}

/** A reading that is not stored: the newest wins. */
export interface Reading {
  topic: string;
  subject: string;
  data: Record<string, unknown>;
}

export type Frame = { fact: Fact } | { reading: Reading } | { lastSeq: number };

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The frame of one message. Null for what later versions add. */
export function parseFrame(text: string): Frame | null {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(message) || typeof message["type"] !== "string" || !isObject(message["data"])) return null;
  const { type, data } = message as { type: string; data: Record<string, unknown> };
  const subject = String(message["subject"] ?? "");
  if (type.startsWith("telemetry.")) {
    return { reading: { topic: type.slice("telemetry.".length), subject, data } };
  }
  if (type === "heartbeat") {
    const last = asNumber(data["last_seq"]);
    return last === undefined ? null : { lastSeq: last };
  }
  const seq = message["seq"];
  if (typeof seq !== "number" || !Number.isInteger(seq) || seq < 1) return null;
  return {
    fact: {
      id: String(message["id"] ?? `${type}:${subject}:${seq}`),
      seq,
      kind: type,
      jobId: subject,
      time: String(message["time"] ?? ""),
      attempt: asNumber(data["attempt"]) ?? 0,
      data: type === "dataset.findings_found.v1" ? counted(data) : data,
    },
  };
}

/** Findings told by a running check, as numbers: a page left open keeps no thousands of sentences. */
function counted(data: Record<string, unknown>): Record<string, unknown> {
  const { findings, ...rest } = data;
  const counts: Record<string, number> = {};
  for (const each of Array.isArray(findings) ? findings : []) {
    const severity = asString(asObject(each)["severity"]);
    if (severity !== undefined) counts[severity] = (counts[severity] ?? 0) + 1;
  }
  return { ...rest, counts };
}

export function asNumber(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

export function asString(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function asNumbers(value: unknown): Record<string, number> {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).filter(([, each]) => asNumber(each) !== undefined)) as Record<
    string,
    number
  >;
}

export function asObject(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}
