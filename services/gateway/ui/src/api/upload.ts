// Sends a ZIP to the gateway: tells how far it is, and can be stopped.
import i18next from "i18next";
import { ApiError, BASE } from "./client";
import { csrfHeader } from "./csrf";
import type { EditDone, Pending } from "./rest.gen";
import type { Problem } from "./types";

export class Stopped extends Error {}

/** The id of the import that follows. Only XMLHttpRequest tells how much of a body was sent. */
export function uploadDataset(
  file: File,
  name: string,
  onSent: (share: number) => void,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${BASE}/upload/dataset?${new URLSearchParams({ dataset_name: name })}`);
    request.setRequestHeader("Prefer", "respond-async");
    request.setRequestHeader("Accept-Language", i18next.language);
    for (const [header, word] of Object.entries(csrfHeader())) request.setRequestHeader(header, word);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => onSent(total > 0 ? loaded / total : 0);
    request.onload = () => {
      const body = request.response as EditDone | Pending | Problem | null;
      if (request.status < 300 && body !== null && "id" in body) resolve(body.id);
      else reject(new ApiError(request.status, (body ?? {}) as Problem));
    };
    request.onerror = () => reject(new TypeError("the gateway does not answer"));
    request.onabort = () => reject(new Stopped());
    signal.addEventListener("abort", () => request.abort());
    const form = new FormData();
    form.append("file", file);
    request.send(form);
  });
}

/** A name that the gateway takes, made from a file's: letters, digits, `.`, `_`, `-`. */
export function nameOf(file: string): string {
  const plain = file
    .replace(/\.zip$/i, "")
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+|[-.]+$/g, "");
  return plain.slice(0, 60) || "dataset";
}
