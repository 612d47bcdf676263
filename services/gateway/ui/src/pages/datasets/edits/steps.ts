// Steps of an edit in the address, and as sentences.
import type { TFunction } from "i18next";
import type { Step } from "../../../api/datasets";

/** Steps of a link; what is broken or unknown is left out, and the gateway looks at the rest again. */
export function stepsOf(text: string | null): Step[] {
  if (text === null) return [];
  try {
    const told: unknown = JSON.parse(text);
    return Array.isArray(told) ? told.filter(isStep) : [];
  } catch {
    return [];
  }
}

function isStep(each: unknown): each is Step {
  return typeof each === "object" && each !== null && typeof (each as { op?: unknown }).op === "string";
}

export function textOf(step: Step, t: TFunction): string {
  switch (step.op) {
    case "delete_class":
      return t("data.step.delete", { name: String(step.class) });
    case "merge_classes":
      return t("data.step.merge", { names: step.classes.join(", "), into: String(step.into) });
    case "rename_class":
      return t("data.step.rename", { name: String(step.class), to: step.to });
    case "drop":
      return t("data.step.drop", { count: step.images.length });
    case "move":
      return t("data.step.move", { count: step.images.length, to: step.to });
    case "split": {
      const [train, val, test] = [step.train_ratio, step.val_ratio, step.test_ratio].map((each) => Math.round(100 * (each ?? 0)));
      return t("data.step.split", { train, val, test });
    }
    default:
      return step.op;
  }
}
