// One image, large: boxes over it, the lines of its label beside it, the line at fault marked.
import { Anchor, Group, Modal, Stack, Text } from "@mantine/core";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { type Album, pictureOf, useImage } from "../../../api/datasets";
import type { Finding, ImageFacts } from "../../../api/rest.gen";
import { BoxedPicture, type DrawnBox, boxOfLine, colourOf } from "../../../parts/BoxedPicture";
import { baseName } from "../../../parts/format";
import { Dim, Trouble } from "../../../parts/parts";

const LARGE_PX = 1280;

interface ImageViewProps {
  album: Album;
  image: string | null;
  /** What was found in it: its line is marked, its message is told. */
  findings?: Finding[];
  onClose: () => void;
  /** To the image before or after this one. */
  onStep?: (by: -1 | 1) => void;
}

export function ImageView({ album, image, findings = [], onClose, onStep }: ImageViewProps) {
  const { t } = useTranslation();
  const facts = useImage(album, image);
  useEffect(() => {
    if (image === null || !onStep) return undefined;
    const step = (event: KeyboardEvent) => {
      if (event.key === "ArrowLeft" || event.key === "k") onStep(-1);
      if (event.key === "ArrowRight" || event.key === "j") onStep(1);
    };
    window.addEventListener("keydown", step);
    return () => window.removeEventListener("keydown", step);
  }, [image, onStep]);
  return (
    <Modal
      opened={image !== null}
      onClose={onClose}
      size="72rem"
      title={facts.data ? baseName(facts.data.file) : t("app.loading")}
      closeButtonProps={{ "aria-label": t("app.close") }}
    >
      {facts.isError && <Trouble error={facts.error} />}
      {image !== null && facts.data && (
        <div className="image-view" data-testid="image-view">
          <div className="image-frame">
            <BoxedPicture
              src={pictureOf(album, image, LARGE_PX)}
              alt={facts.data.file}
              boxes={boxesOf(facts.data, findings)}
              maxHeight="68vh"
            />
          </div>
          <Stack gap="sm" miw={0}>
            <Facts facts={facts.data} />
            {findings.map((finding, at) => (
              <Text key={at} size="sm" className="fault-note">
                {finding.message}
              </Text>
            ))}
            <Lines facts={facts.data} findings={findings} />
            {onStep && <Dim>{t("data.keys")}</Dim>}
          </Stack>
        </div>
      )}
    </Modal>
  );
}

function boxesOf(facts: ImageFacts, findings: Finding[]): DrawnBox[] {
  const faults = new Set(findings.map((finding) => finding.line));
  const kept = facts.boxes.map((box) => ({ ...box, title: box.class, fault: box.line !== null && faults.has(box.line) }));
  const shown = new Set(facts.boxes.map((box) => box.line));
  const lost = [...faults]
    .filter((line): line is number => line !== null && !shown.has(line))
    .map((line) => boxOfLine(facts.lines[line - 1], facts))
    .filter((box) => box !== null);
  return [...kept, ...lost];
}

function Facts({ facts }: { facts: ImageFacts }) {
  const { t } = useTranslation();
  return (
    <div>
      <Text size="xs" className="mono">
        {facts.file}
      </Text>
      <Dim>
        {facts.split}
        {facts.width !== null && ` · ${facts.width} × ${facts.height} px`}
        {` · ${t("data.objects", { count: facts.objects })}`}
      </Dim>
      {!facts.labelled && <Dim>{t("data.background")}</Dim>}
      {facts.dropped !== null && (
        <Text size="sm" c="var(--mantine-color-red-light-color)">
          {t("data.dropped", { why: facts.dropped })}
        </Text>
      )}
      <Group gap="xs" mt={4}>
        {[...new Map(facts.boxes.map((box) => [box.class, box.class_id]))].map(([name, number]) => (
          <Text key={name} size="xs" span>
            <span className="dot" style={{ display: "inline-block", "--dot": colourOf(number) } as React.CSSProperties} />{" "}
            {name}
          </Text>
        ))}
      </Group>
    </div>
  );
}

function Lines({ facts, findings }: { facts: ImageFacts; findings: Finding[] }) {
  const { t } = useTranslation();
  const faults = new Set(findings.map((finding) => finding.line));
  if (facts.lines.length === 0) return null;
  return (
    <div>
      <Text size="xs" c="dimmed" className="mono">
        {facts.label_file}
      </Text>
      <ol className="lines" aria-label={t("data.labelLines")}>
        {facts.lines.map((line, at) => (
          <li key={at} data-fault={faults.has(at + 1) || undefined}>
            {line || " "}
          </li>
        ))}
      </ol>
    </div>
  );
}

/** A picture that opens; its name is the text beside the picture, or the picture's own. */
export function OpenImage({ onClick, children }: { onClick: () => void; children: React.ReactNode }) {
  return (
    <Anchor component="button" type="button" className="tile" onClick={onClick} underline="never">
      {children}
    </Anchor>
  );
}
