// Labels that somebody called wrong, and the correction that each becomes. Pure.
import type { JudgedImage, SomeBox } from "../../api/panels";
import type { LabelBox, LabelPatch_Input } from "../../api/rest.gen";

/** add: what the model found is a logo; remove: there is none; class, box: as the model says; replace: both. */
export const FIXES = ["add", "remove", "class", "box", "replace"] as const;
export type Fix = (typeof FIXES)[number];

export interface Mark {
  /** `l` or `d` and a number. */
  box: string;
  image: number;
  fix: Fix;
}

const MARK = /^([ld]\d{1,9})@(\d{1,9}):(add|remove|class|box|replace)$/;

export function marksOf(text: string | null): Mark[] {
  const found = new Map<string, Mark>();
  for (const word of (text ?? "").split(",")) {
    const [, box, image, fix] = MARK.exec(word) ?? [];
    if (box) found.set(box, { box, image: Number(image), fix: fix as Fix });
  }
  return [...found.values()];
}

export function textOfMarks(marks: readonly Mark[]): string {
  return marks.map(({ box, image, fix }) => `${box}@${image}:${fix}`).join(",");
}

/** The marks with this box's correction changed; null takes it back. */
export function marked(marks: readonly Mark[], { id, image }: SomeBox, fix: Fix | null): Mark[] {
  const others = marks.filter((each) => each.box !== id);
  return fix === null ? others : [...others, { box: id, image, fix }];
}

/** What can be wrong with the label if the model is right about this box; the likeliest first. */
export function fixesOf(box: SomeBox): Fix[] {
  const isLabel = box.id.startsWith("l");
  if (isLabel && !box.detection) return ["remove"];
  if (!isLabel && !box.label) return ["add"];
  switch (box.cause) {
    case "cls":
      return ["class", "replace", "remove"];
    case "both":
      return ["replace", "box", "class", "remove"];
    case "loc":
      return ["box", "remove"];
    case "dup":
      return ["add", "box"];
    default:
      return isLabel ? ["remove", "box"] : ["box", "remove"];
  }
}

/** One patch per image; marks on boxes that are not there any more are left out. */
export function patchesOf(marks: readonly Mark[], images: ReadonlyMap<number, JudgedImage>, split: string): LabelPatch_Input[] {
  const numbers = [...new Set(marks.map((mark) => mark.image))];
  return numbers.flatMap((number) => {
    const image = images.get(number);
    const own = marks.filter((mark) => mark.image === number);
    if (!image) return [];
    const remove = new Map<string, LabelBox>();
    const add = new Map<string, LabelBox>();
    for (const mark of own) {
      const { label, detection } = pairOf(mark, image);
      if (label && mark.fix !== "add") remove.set(label.id, shares(label.class, label, image));
      const [name, place] = wanted(mark.fix, label, detection);
      if (name !== undefined && place) add.set(`${name}:${place.id}`, shares(name, place, image));
    }
    if (remove.size + add.size === 0) return [];
    const name = image.image_path.split("/").at(-1) ?? "";
    return [{ image: `${split}/${name}`, remove: [...remove.values()], add: [...add.values()] }];
  });
}

function pairOf({ box }: Mark, image: JudgedImage) {
  const label = image.ground_truth.find((each) => each.id === box);
  const detection = image.prediction_boxes.find((each) => each.id === box);
  return {
    label: label ?? image.ground_truth.find((each) => each.id === detection?.label),
    detection: detection ?? image.prediction_boxes.find((each) => each.id === label?.detection),
  };
}

function wanted(fix: Fix, label: SomeBox | undefined, detection: SomeBox | undefined): [string?, SomeBox?] {
  switch (fix) {
    case "add":
    case "replace":
      return [detection?.class, detection];
    case "class":
      return [detection?.class, label];
    case "box":
      return [label?.class, detection];
    case "remove":
      return [];
  }
}

/** Corners in pixels as centre and size in shares of the image, inside it. */
function shares(name: string, { bbox: [x1 = 0, y1 = 0, x2 = 0, y2 = 0] }: SomeBox, { width, height }: JudgedImage): LabelBox {
  const inside = (value: number) => Math.min(1, Math.max(0, value));
  const [left, top, right, bottom] = [inside(x1 / width), inside(y1 / height), inside(x2 / width), inside(y2 / height)];
  const round = (value: number) => Number(value.toFixed(6));
  return { class: name, box: [round((left + right) / 2), round((top + bottom) / 2), round(right - left), round(bottom - top)] };
}
