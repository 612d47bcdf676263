// One confidence and one IoU for every panel at once; each number opens the boxes behind it.
import { Grid, Stack } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useCallback, useDeferredValue, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { type Point, usePanels } from "../../api/panels";
import { Trouble } from "../../parts/parts";
import { Causes } from "./Causes";
import { ClassErrors } from "./ClassErrors";
import { Classes } from "./Classes";
import { Confusion } from "./Confusion";
import { Controls } from "./Controls";
import { Headline } from "./Headline";
import { RateCurves } from "./RateCurves";
import { Corrections } from "./gallery/Corrections";
import { Gallery } from "./gallery/Gallery";
import type { Selection } from "./selection";
import { useEvaluationState } from "./state";

const SETTLED_MS = 80;

interface ExplorerProps {
  id: string;
  start: Point;
  classes: string[];
  /** Where corrections of labels go. */
  dataset: string;
  split: string;
}

export function Explorer({ id, start, classes, dataset, split }: ExplorerProps) {
  const { t } = useTranslation();
  const state = useEvaluationState(start);
  const [settled] = useDebouncedValue(state.point, SETTLED_MS);
  const panels = usePanels(id, settled, state.narrowed);
  const gallery = useRef<HTMLDivElement>(null);
  const wanted = useRef(false);
  const newest = useRef(state);
  useEffect(() => {
    newest.current = state;
  });
  const open = useCallback((selection: Selection, moved: Partial<Point> = {}) => {
    wanted.current = true;
    if (Object.keys(moved).length > 0) newest.current.settle(moved, selection);
    else newest.current.select(selection);
  }, []);
  useEffect(() => {
    if (!wanted.current || !state.selection) return;
    wanted.current = false;
    gallery.current?.scrollIntoView({ block: "start", behavior: "smooth" });
    gallery.current?.focus({ preventScroll: true }); // its keys work at once
  }, [state.selection]);
  const found = panels.data;
  const below = useDeferredValue(found); // the slider comes first
  return (
    <Stack gap="md">
      <Controls id={id} state={state} classes={classes} settled={settled} />
      {panels.isError && <Trouble error={panels.error} title={t("evals.noPanels")} onRetry={() => void panels.refetch()} />}
      {found && (
        <>
          <Headline id={id} found={found} start={start} narrowed={state.narrowed} onOpen={open} />
          <Causes found={found} selection={state.selection} onOpen={open} />
          <RateCurves found={found} point={state.point} onOpen={open} />
          <div ref={gallery} tabIndex={-1} className="landing">
            <Gallery id={id} found={found} state={state} split={split} />
          </div>
          <Corrections id={id} state={state} dataset={dataset} split={split} />
          <Grid gap="md">
            <Grid.Col span={{ base: 12, md: 7 }}>
              <Confusion found={below ?? found} onOpen={open} />
            </Grid.Col>
            <Grid.Col span={{ base: 12, md: 5 }}>
              <ClassErrors found={below ?? found} onOpen={open} />
            </Grid.Col>
          </Grid>
          <Classes found={below ?? found} onOpen={open} />
        </>
      )}
    </Stack>
  );
}
