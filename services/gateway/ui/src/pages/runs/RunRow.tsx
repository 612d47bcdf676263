// One training in the list; wakes only when its own job moves.
import { Checkbox, Progress } from "@mantine/core";
import { memo, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { TrainingStatus } from "../../api/types";
import { viewOf } from "../../live/job";
import { useJob } from "../../live/store";
import { moment, share } from "../../parts/format";
import { Dim, StatusBadge } from "../../parts/parts";
import { runState } from "../run/merge";

interface RunRowProps {
  id: string;
  rest: TrainingStatus | undefined;
  heightPx: number;
  chosen: boolean;
  choose: (id: string) => void;
}

export const RunRow = memo(
  function RunRow({ id, rest, heightPx, chosen, choose }: RunRowProps) {
    const { t } = useTranslation();
    const job = useJob(id);
    const run = useMemo(() => runState(id, rest, [], job), [id, rest, job]);
    const created = rest?.created_at ?? (job && viewOf(job).request?.time);
    return (
      <div className="run-row" role="row" style={{ height: heightPx }}>
        <span role="cell">
          <Checkbox size="xs" checked={chosen} onChange={() => choose(id)} aria-label={t("runs.chooseOne", { name: run.title })} data-testid={`choose-${id}`} />
        </span>
        <span role="cell" className="run-name">
          <Link className="row-link" to={`/trainings/${id}`}>
            {run.title}
          </Link>
          <Dim>{run.project}</Dim>
        </span>
        <span role="cell">
          <StatusBadge status={run.status} />
        </span>
        <span role="cell">
          <Progress value={run.percent} size="sm" aria-label={t("runs.progress")} />
        </span>
        <span role="cell" style={{ textAlign: "right" }}>
          {share(run.best["map50"])}
        </span>
        <span role="cell" className="one-line">
          {run.dataset.split("/").at(-1)}
        </span>
        <span role="cell" className="one-line">
          {moment(created)}
        </span>
      </div>
    );
  },
  (a, b) => a.id === b.id && a.rest === b.rest && a.chosen === b.chosen && a.choose === b.choose,
);
