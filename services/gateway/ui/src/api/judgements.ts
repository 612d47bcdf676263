// Parts of the stored report of a validation that do not move with the operating point.
import { useQuery } from "@tanstack/react-query";
import { ask } from "./typed";

const SECTIONS = {
  curves: "GET /model/validate/{validation_id}/curves",
  uncertainty: "GET /model/validate/{validation_id}/uncertainty",
  slices: "GET /model/validate/{validation_id}/slices",
  suspects: "GET /model/validate/{validation_id}/suspects",
  thresholds: "GET /model/validate/{validation_id}/thresholds",
} as const;

export function useSection<K extends keyof typeof SECTIONS>(id: string, section: K) {
  return useQuery({
    queryKey: ["judgement", id, section],
    queryFn: ({ signal }) => ask(SECTIONS[section], { path: { validation_id: id } }, signal),
    staleTime: Infinity,
  });
}
