// Sends a file to the gateway: tells how far it is, and can be stopped.
import i18next from "i18next";
import { ApiError, BASE } from "./client";
import { csrfHeader } from "./csrf";
import type { EditDone, Pending, UploadedModel } from "./rest.gen";
import type { Problem } from "./types";

export class Stopped extends Error {}

type OnSent = (share: number) => void;

/** Only XMLHttpRequest tells how much of a body was sent. */
function sendFile<T>(path: string, query: Record<string, string>, file: File, onSent: OnSent, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${BASE}${path}?${new URLSearchParams(query)}`);
    request.setRequestHeader("Prefer", "respond-async");
    request.setRequestHeader("Accept-Language", i18next.language);
    for (const [header, word] of Object.entries(csrfHeader())) request.setRequestHeader(header, word);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => onSent(total > 0 ? loaded / total : 0);
    request.onload = () => {
      const body = request.response as T | Problem | null;
      if (request.status < 300 && body !== null) resolve(body as T);
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

/** The id of the import that follows. */
export async function uploadDataset(file: File, name: string, onSent: OnSent, signal: AbortSignal): Promise<string> {
  const begun = await sendFile<EditDone | Pending>("/upload/dataset", { dataset_name: name }, file, onSent, signal);
  return begun.id;
}

export function uploadModel(file: File, name: string, onSent: OnSent, signal: AbortSignal): Promise<UploadedModel> {
  return sendFile<UploadedModel>("/upload/model", { model_name: name }, file, onSent, signal);
}

/** A name that the gateway takes, made from a file's: letters, digits, `.`, `_`, `-`. */
export function nameOf(file: string): string {
  const plain = file
    .replace(/\.(zip|pt|safetensors)$/i, "")
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+|[-.]+$/g, "");
  return plain.slice(0, 60) || "dataset";
}
