// A stored validation at any confidence and IoU: its panels, the boxes behind a number, and their pictures.
import { keepPreviousData, useInfiniteQuery, useQueries, useQuery } from "@tanstack/react-query";
import { BASE, get } from "./client";
import type { BoxPage, ImagePage, JudgedBox, JudgedImage, Panels } from "./rest.gen";
import { address } from "./typed";

export type { JudgedBox, JudgedImage, Panels } from "./rest.gen";

export interface Point {
  confidence: number;
  iou: number;
}

/** What all panels are narrowed down to; null = everything. */
export interface Narrowed {
  class: string | null;
  size: "small" | "medium" | "large" | null;
}

/** A label or a detection, also as one image lists it. */
export type SomeBox = Omit<JudgedBox, "image_path">;

/** Which boxes are drawn into a picture. */
export type Overlay = "gt,pred" | "gt" | "pred" | "none";

const PAGE = 60;

function path(id: string): string {
  return `/model/validate/${encodeURIComponent(id)}`;
}

function query(point: Point, more: Record<string, string | number | null> = {}): string {
  const search = new URLSearchParams({ confidence: String(point.confidence), iou: String(point.iou) });
  for (const [name, value] of Object.entries(more)) if (value !== null) search.set(name, String(value));
  return search.toString();
}

/** The last panels stay on the screen until those of the new point are there. */
export function usePanels(id: string, point: Point, narrowed: Narrowed) {
  return useQuery({
    queryKey: ["panels", id, point.confidence, point.iou, narrowed],
    queryFn: ({ signal }) => get<Panels>(`${path(id)}/panels?${query(point, { ...narrowed })}`, signal),
    placeholderData: keepPreviousData,
    staleTime: Infinity, // a stored validation never changes
    gcTime: 60_000, // but there are ten thousand points to drag over
  });
}

/** `of` names what was clicked: its last boxes stay while the point moves, another's do not. */
export function useBoxes(id: string, of: string, reference: string | null) {
  return useInfiniteQuery({
    queryKey: ["boxes", id, of, reference],
    enabled: reference !== null,
    initialPageParam: 0,
    queryFn: ({ pageParam, signal }) => get<BoxPage>(`${path(id)}/${reference}&limit=${PAGE}&cursor=${pageParam}`, signal),
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: (last, query) => (query?.queryKey[2] === of ? last : undefined),
    staleTime: Infinity,
    gcTime: 60_000,
  });
}

/** The judged images, the worst first. */
export function useJudgedImages(id: string, point: Point, cls: string | null, enabled: boolean) {
  return useInfiniteQuery({
    queryKey: ["judged-images", id, point, cls],
    enabled,
    initialPageParam: 0,
    queryFn: ({ pageParam, signal }) =>
      get<ImagePage>(`${path(id)}/images?${query(point, { class: cls, limit: PAGE, cursor: pageParam })}`, signal),
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    gcTime: 60_000,
  });
}

const imageQuery = (id: string, image: number, point: Point) => ({
  queryKey: ["judged-image", id, image, point],
  queryFn: ({ signal }: { signal: AbortSignal }) => get<JudgedImage>(`${path(id)}/images/${image}?${query(point)}`, signal),
  staleTime: Infinity,
  gcTime: 60_000,
});

export function useJudgedImage(id: string, image: number | null, point: Point) {
  return useQuery({ ...imageQuery(id, image ?? 0, point), enabled: image !== null, placeholderData: keepPreviousData });
}

/** Some images with all their boxes, whatever the confidence. */
export function useWholeImages(id: string, images: readonly number[], iou: number) {
  return useQueries({
    queries: images.map((image) => imageQuery(id, image, { confidence: 0, iou })),
    combine: (all) => ({
      images: new Map(all.flatMap(({ data }) => (data ? [[data.image, data] as const] : []))),
      loading: all.some((each) => each.isLoading),
      error: all.find((each) => each.isError)?.error,
    }),
  });
}

export function panelsUrl(id: string, point: Point, narrowed: Narrowed): string {
  return `${BASE}${path(id)}/panels?${query(point, { ...narrowed })}`;
}

export function cropUrl(id: string, box: string, { confidence, iou }: Point, overlay: Overlay): string {
  return address("GET /model/validate/{validation_id}/boxes/{box}/crop", {
    path: { validation_id: id, box },
    query: { confidence, iou, overlay, width: 256, format: "webp" },
  });
}

export function pictureUrl(id: string, image: number, { confidence, iou }: Point, overlay: Overlay, width: number): string {
  return address("GET /model/validate/{validation_id}/images/{image}/picture", {
    path: { validation_id: id, image },
    query: { confidence, iou, overlay, width, format: "webp" },
  });
}
