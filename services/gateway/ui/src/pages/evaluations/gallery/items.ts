// What the gallery shows, one after the other: boxes, or images with the boxes that were asked for.
import { useMemo } from "react";
import { type JudgedBox, type Panels, useBoxes, useJudgedImages } from "../../../api/panels";
import { referenceOf, wordOf } from "../selection";
import type { EvaluationState } from "../state";

export interface Item {
  /** `d12@5`, or `@5` for an image without a box of its own. */
  key: string;
  image: number;
  path: string;
  box: JudgedBox | null;
  counts?: { tp: number; fp: number; fn: number };
}

export interface Items {
  items: Item[];
  total: number;
  /** Of `total`, how many are loaded. */
  shown: number;
  ready: boolean;
  fetching: boolean;
  hasMore: boolean;
  more: () => void;
  error: unknown;
}

export function useItems(id: string, found: Panels, { selection, whole, narrowed }: EvaluationState): Items {
  const ofImages = selection?.of === "images";
  const boxes = useBoxes(id, selection ? wordOf(selection) : "", selection && referenceOf(found, selection));
  const images = useJudgedImages(id, found, narrowed.class, ofImages);
  const items = useMemo(() => {
    if (ofImages) {
      return (images.data?.pages ?? []).flatMap((page) =>
        page.images.map(({ image, image_path, tp, fp, fn }): Item => ({ key: `@${image}`, image, path: image_path, box: null, counts: { tp, fp, fn } })),
      );
    }
    const all = (boxes.data?.pages ?? []).flatMap((page) => page.boxes);
    const seen = new Set<number>();
    return all
      .filter(({ image }) => !whole || !seen.has(image) && seen.add(image))
      .map((box): Item => ({ key: `${box.id}@${box.image}`, image: box.image, path: box.image_path, box }));
  }, [ofImages, whole, boxes.data, images.data]);
  const asked = ofImages ? images : boxes;
  const loaded = ofImages ? items.length : (boxes.data?.pages ?? []).reduce((sum, page) => sum + page.boxes.length, 0);
  return {
    items,
    total: asked.data?.pages[0]?.total ?? 0,
    shown: loaded,
    ready: asked.isSuccess,
    fetching: asked.isFetchingNextPage,
    hasMore: asked.hasNextPage,
    more: () => {
      if (asked.hasNextPage && !asked.isFetchingNextPage) void asked.fetchNextPage();
    },
    error: asked.error,
  };
}
