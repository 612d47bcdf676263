// Why boxes are wrong, as chips, each with what mending it would give.
import { Group, UnstyledButton } from "@mantine/core";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import type { Panels } from "../../api/panels";
import { count } from "../../parts/format";
import { Dim, Section } from "../../parts/parts";
import type { Selection } from "./selection";

export const Causes = memo(function Causes(props: { found: Panels; selection: Selection | null; onOpen: (selection: Selection) => void }) {
  const { t } = useTranslation();
  const chosen = props.selection?.of === "cause" ? props.selection.name : null;
  return (
    <Section title={t("evals.causes")} aside={<Dim>{t("evals.causesHint")}</Dim>}>
      <Group gap="xs">
        {Object.entries(props.found.causes).map(([name, cause]) => (
          <UnstyledButton
            key={name}
            className="chip"
            aria-pressed={chosen === name}
            onClick={() => props.onOpen({ of: "cause", name })}
            data-testid={`cause-${name}`}
          >
            {t(`evals.cause.${name}`)} <b>{count(cause.count)}</b> <small>+{cause.delta_ap.toFixed(3)} AP</small>
          </UnstyledButton>
        ))}
      </Group>
    </Section>
  );
});
