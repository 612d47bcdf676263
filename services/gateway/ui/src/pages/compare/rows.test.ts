// Only what differs is shown, and what a run cost comes from its epochs.
import { expect, test } from "vitest";
import type { TrainingStatus } from "../../api/types";
import { costOf, datasetOf, settingsThatDiffer } from "./rows";

function run(args: Record<string, unknown>, more: Record<string, unknown> = {}): TrainingStatus {
  const request = { arguments: args, dataset: { name: "logos", version: "v2" }, ...more };
  return { training_id: "t", device: "cpu", best_metrics: { epoch: 2 }, request } as unknown as TrainingStatus;
}

test("settings that are the same in all runs are not shown, also those within groups", () => {
  const rows = settingsThatDiffer([
    run({ epochs: 3, seed: 0, extra: { lrf: 0.1, cos_lr: true } }),
    run({ epochs: 5, seed: 0, extra: { lrf: 0.1 } }, { base_model: { name: "m" }, dataset: { name: "logos", version: "v3" } }),
  ]);
  expect(rows).toEqual([
    { name: "epochs", values: ["3", "5"] },
    { name: "extra.cos_lr", values: ["true", "—"] },
    { name: "dataset", values: ["logos@v2", "logos@v3"] },
    { name: "base_model", values: ["—", "m"] },
  ]);
  expect(settingsThatDiffer([run({ epochs: 3 }), run({ epochs: 3 })])).toEqual([]);
});

test("time is the sum of the epochs, memory the highest peak", () => {
  const cost = costOf(run({}), [
    { epoch: 1, seconds: 4, gpu_peak_bytes: 7 },
    { epoch: 2, seconds: 2, gpu_peak_bytes: 9 },
  ]);
  expect(cost).toEqual({ epochs: 2, seconds: 6, epochSeconds: 3, gpuBytes: 9, device: "cpu", bestEpoch: 2 });
  expect(costOf(run({}), []).seconds).toBeNull();
  expect(datasetOf(run({}))).toEqual({ name: "logos", version: "v2", path: null });
});
