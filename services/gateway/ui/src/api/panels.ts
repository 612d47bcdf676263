// A stored validation at any confidence and IoU: its panels, the boxes behind a number, and their crops.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { BASE, get } from "./client";

export interface Point {
  confidence: number;
  iou: number;
}

type Kinds = Record<"tp" | "fp" | "fn", string>;

export interface PanelClass {
  precision: number;
  recall: number;
  f1: number;
  support: number;
  tp: number;
  fp: number;
  fn: number;
  ap50: number | null;
  ap50_95: number | null;
  boxes: Kinds;
}

export interface Panels extends Point {
  map50: number;
  map50_95: number;
  headline: {
    precision: number;
    recall: number;
    f1_score: number;
    accuracy: number;
    images: number;
    labels: number;
    tp: number;
    fp: number;
    fn: number;
    boxes: Kinds;
  };
  class_metrics: Record<string, PanelClass>;
  confusion: { names: string[]; cells: [row: number, column: number, count: number][]; boxes: string };
  causes: Record<string, { count: number; delta_ap: number; boxes: string }>;
  false_alarms: { clean_images: number; alarms: number; per_1000_images: number | null };
  curve: { confidence: number[]; precision: number[]; recall: number[]; f1: number[] };
}

export interface JudgedBox {
  id: string;
  kind: "tp" | "fp" | "fn" | null;
  class: string;
  true_class?: string | null;
  confidence?: number;
  cause: string | null;
  image: number;
  image_path: string;
}

interface BoxPage {
  total: number;
  boxes: JudgedBox[];
  next_cursor: number | null;
}

function path(id: string): string {
  return `/model/validate/${encodeURIComponent(id)}`;
}

function query(point: Point): string {
  return `confidence=${point.confidence}&iou=${point.iou}`;
}

/** The last panels stay on the screen until those of the new point are there. */
export function usePanels(id: string, point: Point) {
  return useQuery({
    queryKey: ["panels", id, point.confidence, point.iou],
    queryFn: ({ signal }) => get<Panels>(`${path(id)}/panels?${query(point)}`, signal),
    placeholderData: keepPreviousData,
    staleTime: Infinity, // a stored validation never changes
  });
}

export function useBoxes(id: string, reference: string, limit: number) {
  return useQuery({
    queryKey: ["boxes", id, reference, limit],
    queryFn: ({ signal }) => get<BoxPage>(`${path(id)}/${reference}&limit=${limit}`, signal),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  });
}

export function panelsUrl(id: string, point: Point): string {
  return `${BASE}${path(id)}/panels?${query(point)}`;
}

export function cropUrl(id: string, box: string, point: Point): string {
  return `${BASE}${path(id)}/boxes/${box}/crop?${query(point)}&width=256`;
}

export function pictureUrl(id: string, image: number, point: Point): string {
  return `${BASE}${path(id)}/images/${image}/picture?${query(point)}&width=1280`;
}
