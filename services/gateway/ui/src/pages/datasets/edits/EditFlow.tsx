// An edit in three steps: preview what would change, apply it as a new version, undo it by restoring the old one.
import { Alert, Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { isDone, start, useChanges, useEdit } from "../../../api/datasets";
import type { EditDone } from "../../../api/rest.gen";
import { JobProgress, useJobView } from "../../../parts/JobProgress";
import { count } from "../../../parts/format";
import { Dim, Trouble } from "../../../parts/parts";
import { useView } from "../../../parts/view";
import { Diff } from "./Diff";

const PAGE = 50;

interface EditFlowProps {
  /** Starts the job, as a preview or for good. */
  begin: (dryRun: boolean) => Promise<string>;
  disabled?: boolean;
  label: string;
  applyLabel: string;
  /** Once it was applied: a new version is there. */
  onApplied?: (done: EditDone) => void;
}

/** The ids of preview, edit and undo stand in the address: a link shows the same state. */
export function EditFlow({ begin, disabled, label, applyLabel, onApplied }: EditFlowProps) {
  const { t } = useTranslation();
  const [view, setView] = useView();
  const [preview, applied, undone] = [view.get("preview"), view.get("applied"), view.get("undo")];
  const ask = useMutation({
    mutationFn: begin,
    onSuccess: (id, dryRun) => setView({ [dryRun ? "preview" : "applied"]: id }, { replace: true }),
  });
  const undo = useMutation({
    mutationFn: (done: EditDone) => start.restore(done.name ?? "", done.parent ?? "", false),
    onSuccess: (id) => setView({ undo: id }, { replace: true }),
  });
  const another = () => setView({ preview: null, applied: null, undo: null, steps: null }, { replace: true });
  const reset = () => setView({ preview: null, applied: null, undo: null }, { replace: true });
  return (
    <Stack gap="sm" data-testid="edit-flow">
      {!preview && !applied && (
        <Group gap="sm">
          <Button onClick={() => ask.mutate(true)} loading={ask.isPending} disabled={disabled} data-testid="preview">
            {label}
          </Button>
        </Group>
      )}
      {ask.isError && <Trouble error={ask.error} />}
      {preview && !applied && (
        <JobResult id={preview} title={t("data.previewing")}>
          {(done) => (
            <>
              <Alert color="ink" variant="light" title={t("data.previewTitle")} data-testid="previewed">
                {t("data.previewText")}
              </Alert>
              <EditDiff done={done} />
              <Group gap="sm">
                <Button
                  onClick={() => ask.mutate(false)}
                  loading={ask.isPending}
                  disabled={done.diff?.changed_total === 0 && !sumOf(done.changes)}
                  data-testid="apply"
                >
                  {applyLabel}
                </Button>
                <Button variant="default" onClick={reset} data-testid="discard">
                  {t("data.discard")}
                </Button>
              </Group>
            </>
          )}
        </JobResult>
      )}
      {applied && (
        <JobResult id={applied} title={t("data.applying")}>
          {(done) => <Applied done={done} undone={undone} onUndo={() => undo.mutate(done)} onReset={another} onApplied={onApplied} />}
        </JobResult>
      )}
      {undo.isError && <Trouble error={undo.error} />}
    </Stack>
  );
}

interface AppliedProps {
  done: EditDone;
  undone: string | null;
  onUndo: () => void;
  onReset: () => void;
  onApplied: ((done: EditDone) => void) | undefined;
}

function Applied({ done, undone, onUndo, onReset, onApplied }: AppliedProps) {
  const { t } = useTranslation();
  const path = `/datasets/${encodeURIComponent(done.name ?? "")}`;
  return (
    <>
      <Alert
        color="teal"
        title={t("data.applied", { name: done.name, version: done.version })}
        data-testid="applied"
        data-version={done.version}
      >
        {done.parent && t("data.appliedText", { parent: done.parent })}
      </Alert>
      <EditDiff done={done} />
      {undone ? (
        <JobResult id={undone} title={t("data.undoing")}>
          {(back) => (
            <Alert color="teal" title={t("data.undone", { parent: done.parent, version: back.version })} data-testid="undone" />
          )}
        </JobResult>
      ) : (
        <Group gap="sm">
          {done.parent && (
            <Button variant="default" onClick={onUndo} data-testid="undo">
              {t("data.undo", { parent: done.parent })}
            </Button>
          )}
          {onApplied && (
            <Button onClick={() => onApplied(done)} data-testid="check-again">
              {t("data.checkVersion", { version: done.version })}
            </Button>
          )}
        </Group>
      )}
      <Group gap="md">
        <Anchor component={Link} size="sm" to={`${path}?tab=versions&from=${done.parent ?? ""}&to=${done.version ?? ""}`} data-testid="see-versions">
          {t("data.seeVersions")}
        </Anchor>
        <Anchor component="button" type="button" size="sm" onClick={onReset}>
          {t("data.another")}
        </Anchor>
      </Group>
    </>
  );
}

/** The answer of an edit once its job has ended; until then how far it is. */
function JobResult(props: { id: string; title: string; children: (done: EditDone) => React.ReactNode }) {
  const { view } = useJobView(props.id);
  const edit = useEdit(props.id, view?.outcome != null);
  if (isDone(edit.data)) return props.children(edit.data);
  if (edit.isError) return <Trouble error={edit.error} />;
  return <JobProgress id={props.id} title={props.title} told={edit.data} />;
}

function EditDiff({ done }: { done: EditDone }) {
  const { t } = useTranslation();
  const [limit, setLimit] = useState(PAGE);
  const first = done.diff?.changed ?? [];
  const more = useChanges(done.edit_id, 0, limit, limit > PAGE);
  if (!done.diff) return null;
  const { unfixed = [], unfixed_total = 0 } = done.diff;
  return (
    <>
      <Diff
        diff={done.diff}
        changes={more.data?.changed ?? first.slice(0, PAGE)}
        total={done.diff.changed_total ?? first.length}
        onMore={limit < 200 ? () => setLimit(200) : undefined}
      />
      {unfixed_total > 0 && (
        <details>
          <summary>
            <Text size="sm" span>
              {t("data.unfixed", { count: unfixed_total })}
            </Text>
          </summary>
          {unfixed.slice(0, 100).map((each, at) => (
            <Dim key={at}>
              <b>{each.rule}</b> {each.why}
            </Dim>
          ))}
          {unfixed_total > 100 && <Dim>{t("data.andMore", { count: unfixed_total - 100, n: count(unfixed_total - 100) })}</Dim>}
        </details>
      )}
      {(done.diff.undone ?? []).slice(0, 20).map((each) => (
        <Text key={each} size="sm" c="var(--mantine-color-orange-light-color)">
          {each}
        </Text>
      ))}
    </>
  );
}

function sumOf(changes: Record<string, number> | undefined): number {
  return Object.values(changes ?? {}).reduce((sum, n) => sum + n, 0);
}
