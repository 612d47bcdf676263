// Parts of the stored report of a validation that do not move with the operating point.
import { useQuery } from "@tanstack/react-query";
import { get } from "./client";
import type { LabelPatch } from "./rest.gen";

/** A value with its 95 % interval. */
export interface Sure {
  value: number;
  low: number;
  high: number;
}

export type Sentence = Record<"en" | "ja", string>;

interface Rates {
  precision: number;
  recall: number;
  f1: number;
  false_alarms_per_1000: number | null;
}

export interface ThresholdTable {
  target: { kind: "max_f1" | "precision" | "false_alarms"; value: number };
  thresholds: Record<string, number>;
  total: { measured_on: Rates; with_one_threshold: Rates & { threshold: number } };
}

export interface Part {
  dimension: string;
  part: string;
  words: Sentence;
  labels: number;
  detections: number;
  enough: boolean;
  recall: Sure | null;
  precision: Sure | null;
  ap: Sure | null;
}

export interface Suspect {
  kind: "overlooked" | "swapped" | "badly_placed";
  suspicion: number;
  image: number;
  image_path: string;
  label: string | null;
  detection: string;
  class: string | null;
  said: string;
  confidence: number;
  patch: LabelPatch;
}

export interface Sections {
  curves: { confidence: { best_f1: number; best_confidence: number } };
  uncertainty: { intervals: Record<string, Sure | null>; resamples: number };
  slices: { parts: Part[]; weakest: { sentence: Sentence }[] };
  suspects: { counts: Record<Suspect["kind"], number>; suspects: Suspect[]; note: string | null };
  thresholds: ThresholdTable[];
}

export function useSection<K extends keyof Sections>(id: string, section: K) {
  return useQuery({
    queryKey: ["judgement", id, section],
    queryFn: ({ signal }) => get<Sections[K]>(`/model/validate/${encodeURIComponent(id)}/${section}`, signal),
    staleTime: Infinity,
  });
}
