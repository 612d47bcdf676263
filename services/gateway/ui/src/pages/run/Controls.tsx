// What can be done with a run as it is now: pause, resume, stop, extend, retry, change and train again, compare.
import { Button, Group, Modal, NumberInput, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { post } from "../../api/client";
import type { TrainingStarted } from "../../api/types";
import { CompareIcon, ForwardIcon, PauseIcon, PlayIcon, RepeatIcon } from "../../app/icons";
import { Trouble } from "../../parts/parts";
import { Stop } from "./Stop";
import { again } from "./Settings";
import type { RunState } from "./merge";

export function Controls({ id, run }: { id: string; run: RunState }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const act = useMutation({
    mutationFn: (what: "pause" | "resume" | "retry") => post<TrainingStarted>(`/training/${what}/${encodeURIComponent(id)}`),
    onSuccess: (told, what) => {
      if (what === "retry") void navigate(`/trainings/${told.training_id}`);
    },
  });
  const ended = ["completed", "failed", "cancelled"].includes(run.status);
  const open = !ended && run.status !== "stopping";
  return (
    <>
      <Group gap="xs">
        {open && run.status !== "paused" && !run.pausing && (
          <Button size="xs" variant="default" leftSection={<PauseIcon size={14} />} loading={act.isPending} onClick={() => act.mutate("pause")} data-testid="pause">
            {t("run.pause")}
          </Button>
        )}
        {open && run.pausing && (
          <Button size="xs" leftSection={<PlayIcon size={14} />} loading={act.isPending} onClick={() => act.mutate("resume")} data-testid="resume">
            {t(run.status === "paused" ? "run.resume" : "run.notPause")}
          </Button>
        )}
        {open && <Stop id={id} running={run.status !== "queued"} />}
        {run.status === "completed" && <Extend id={id} done={run.epochs.length} />}
        {ended && (
          <>
            <Button size="xs" variant="default" leftSection={<RepeatIcon size={14} />} loading={act.isPending} onClick={() => act.mutate("retry")} data-testid="retry">
              {t("run.retry")}
            </Button>
            <Button component={Link} to={`/trainings/new?${again(run)}`} size="xs" variant="default" data-testid="again">
              {t("run.again")}
            </Button>
          </>
        )}
        <Button component={Link} to={`/compare?runs=${id}`} size="xs" variant="default" leftSection={<CompareIcon size={14} />} data-testid="compare">
          {t("run.compare")}
        </Button>
      </Group>
      {act.isError && <Trouble error={act.error} />}
    </>
  );
}

const MORE = 20;

function Extend({ id, done }: { id: string; done: number }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [opened, { open, close }] = useDisclosure(false);
  const [epochs, setEpochs] = useState<number | string>(MORE);
  const extend = useMutation({
    mutationFn: () => post<TrainingStarted>(`/training/extend/${encodeURIComponent(id)}`, { epochs: Number(epochs) }),
    onSuccess: ({ training_id }) => navigate(`/trainings/${training_id}`),
  });
  return (
    <>
      <Button size="xs" variant="default" leftSection={<ForwardIcon size={14} />} onClick={open} data-testid="extend">
        {t("run.extend")}
      </Button>
      <Modal opened={opened} onClose={close} title={t("run.extendTitle")} closeButtonProps={{ "aria-label": t("app.close") }}>
        <Text size="sm" mb="sm">
          {t("run.extendText", { count: done })}
        </Text>
        <NumberInput
          label={t("run.extendBy")}
          min={1}
          max={1000}
          value={epochs}
          onChange={setEpochs}
          data-testid="extend-epochs"
          allowDecimal={false}
        />
        {extend.isError && <Trouble error={extend.error} />}
        <Group justify="flex-end" gap="xs" mt="md">
          <Button variant="default" onClick={close}>
            {t("app.close")}
          </Button>
          <Button loading={extend.isPending} disabled={Number(epochs) < 1} onClick={() => extend.mutate()} data-testid="extend-go">
            {t("run.extendGo")}
          </Button>
        </Group>
      </Modal>
    </>
  );
}
