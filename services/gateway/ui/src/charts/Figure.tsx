// A chart of curves with its tools: logarithm, large view, save as PNG or CSV.
import { ActionIcon, Group, Modal, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type ReactNode, useRef } from "react";
import { useTranslation } from "react-i18next";
import { ExpandIcon, ImageIcon, TableIcon } from "../app/icons";
import { Dim, Section } from "../parts/parts";
import { useInk } from "./Chart";
import { Curves, type CurvesProps } from "./Curves";
import type { ECharts } from "./echarts";
import { csvOf, save, saveText } from "./table";

interface FigureProps extends Omit<CurvesProps, "label" | "grip" | "log"> {
  title: string;
  hint?: string;
  empty?: string;
  /** Name of the saved files, without an ending. */
  file: string;
  /** Shown and changed by a button; left out, there is none. */
  log?: boolean;
  onLog?: (log: boolean) => void;
}

export function Figure({ title, hint, empty, file, log, onLog, ...curves }: FigureProps) {
  const { t } = useTranslation();
  const grip = useRef<ECharts | null>(null);
  const [large, { open, close }] = useDisclosure(false);
  const ink = useInk();
  const asPicture = () => {
    const url = grip.current?.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: ink.card });
    if (url) save(`${file}.png`, url);
  };
  const asTable = () => saveText(`${file}.csv`, csvOf(curves.curves, curves.epochs === undefined ? "unix_ms" : "epoch"));
  const none = curves.curves.every((curve) => curve.points.length === 0);
  return (
    <Section
      title={title}
      aside={
        <Group gap={2} wrap="nowrap">
          {hint && <span className="wide-only"><Dim>{hint}</Dim></span>}
          {onLog && (
            <Tool label={t("chart.log")} onClick={() => onLog(!log)} pressed={log === true}>
              <span style={{ fontSize: 10, fontWeight: 700 }}>log</span>
            </Tool>
          )}
          <Tool label={t("chart.large", { title })} onClick={open}>
            <ExpandIcon size={15} />
          </Tool>
          <Tool label={t("chart.png", { title })} onClick={asPicture} testId={curves.testId && `${curves.testId}-png`}>
            <ImageIcon size={15} />
          </Tool>
          <Tool label={t("chart.csv", { title })} onClick={asTable} testId={curves.testId && `${curves.testId}-csv`}>
            <TableIcon size={15} />
          </Tool>
        </Group>
      }
    >
      <Curves label={title} grip={grip} log={log === true} {...curves} />
      {none && empty && <Dim>{empty}</Dim>}
      <Modal opened={large} onClose={close} title={title} size="90rem" closeButtonProps={{ "aria-label": t("app.close") }}>
        {large && <Curves label={title} log={log === true} {...curves} testId="large-chart" height={Math.max(320, window.innerHeight - 180)} />}
      </Modal>
    </Section>
  );
}

function Tool(props: { label: string; onClick: () => void; pressed?: boolean; testId?: string | undefined; children: ReactNode }) {
  return (
    <Tooltip label={props.label}>
      <ActionIcon
        size="sm"
        variant={props.pressed ? "light" : "subtle"}
        color={props.pressed ? "ink" : "gray"}
        aria-label={props.label}
        {...(props.pressed === undefined ? {} : { "aria-pressed": props.pressed })}
        onClick={props.onClick}
        data-testid={props.testId}
      >
        {props.children}
      </ActionIcon>
    </Tooltip>
  );
}
