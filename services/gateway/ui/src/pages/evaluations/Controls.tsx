// What drives every panel: confidence, IoU, class, size; and operating points worth trying.
import { Anchor, Group, NativeSelect, Slider, Text, UnstyledButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSection } from "../../api/judgements";
import { type Narrowed, type Point, panelsUrl } from "../../api/panels";
import type { EvaluationState } from "./state";

const SIZES = ["small", "medium", "large"] as const;

interface ControlsProps {
  id: string;
  state: EvaluationState;
  classes: string[];
  settled: Point;
}

export function Controls({ id, state, classes, settled }: ControlsProps) {
  const { t } = useTranslation();
  const { narrowed } = state;
  const best = useSection(id, "curves").data?.confidence;
  return (
    <section className="card point" aria-label={t("evals.point")}>
      <Control name="confidence" state={state} min={0} />
      <Control name="iou" state={state} min={0.1} />
      <Group gap="xs" wrap="nowrap" className="narrow-by">
        <NativeSelect
          size="xs"
          aria-label={t("evals.onlyClass")}
          value={narrowed.class ?? ""}
          onChange={(event) => state.narrow({ class: event.target.value || null })}
          data={[{ value: "", label: t("evals.allClasses") }, ...classes.map((name) => ({ value: name, label: name }))]}
          data-testid="class-filter"
        />
        <NativeSelect
          size="xs"
          aria-label={t("evals.onlySize")}
          value={narrowed.size ?? ""}
          onChange={(event) => state.narrow({ size: (event.target.value || null) as Narrowed["size"] })}
          data={[{ value: "", label: t("evals.allSizes") }, ...SIZES.map((value) => ({ value, label: t(`evals.size.${value}`) }))]}
          data-testid="size-filter"
        />
      </Group>
      <Group gap="xs" className="tries">
        {best && (
          <UnstyledButton className="chip" onClick={() => state.settle({ confidence: rounded(best.best_confidence) })} data-testid="best-f1">
            {t("evals.bestF1")} <b>{best.best_confidence.toFixed(2)}</b>
          </UnstyledButton>
        )}
        <Anchor href={panelsUrl(id, settled, narrowed)} size="xs" target="_blank" rel="noreferrer">
          JSON
        </Anchor>
      </Group>
    </section>
  );
}

function Control({ name, state, min }: { name: keyof Point; state: EvaluationState; min: number }) {
  const { t } = useTranslation();
  const label = t(`evals.${name}`);
  const value = state.point[name];
  return (
    <div>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text size="sm" truncate title={label}>
          {label}
        </Text>
        <Text size="sm" fw={650} data-testid={`${name}-value`}>
          {value.toFixed(2)}
        </Text>
      </Group>
      <Slider
        value={value}
        min={min}
        max={1}
        step={0.01}
        label={null}
        onChange={(next) => state.drag({ [name]: rounded(next) })}
        onChangeEnd={(next) => state.settle({ [name]: rounded(next) })}
        thumbLabel={label}
        data-testid={`${name}-slider`}
      />
    </div>
  );
}

export function rounded(value: number): number {
  return Number(value.toFixed(2));
}
