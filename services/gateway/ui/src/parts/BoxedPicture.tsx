// A picture with its boxes drawn over it: sharp at any size, switched on and off without another request.
import { Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

/** Of a class, by its number: far apart, and readable on photographs. */
const COLOURS = ["#ff4d6d", "#3ddc84", "#5b8cff", "#ffa62b", "#c77dff", "#2ec4b6", "#e2b714", "#ff7bd5"];

export function colourOf(number: number): string {
  return COLOURS[Math.abs(Math.trunc(number)) % COLOURS.length] ?? "#fff";
}

export interface DrawnBox {
  class_id: number;
  /** Centre and size relative to the picture. */
  x: number;
  y: number;
  width: number;
  height: number;
  title?: string | undefined;
  fault?: boolean;
  /** In place of the class' own colour. */
  colour?: string;
  dashed?: boolean;
  strong?: boolean;
}

export function BoxedPicture(props: { src: string; alt: string; boxes: DrawnBox[]; lazy?: boolean; maxHeight: string; /** Width by height: the picture fills its place, also a small one. */ ratio?: number }) {
  const { t } = useTranslation();
  const [broken, setBroken] = useState<string | null>(null);
  if (broken === props.src) {
    return (
      <Text size="xs" c="dimmed" p="md" ta="center">
        {t("data.noPicture")}: {props.alt}
      </Text>
    );
  }
  const drawn = [...props.boxes].sort((a, b) => Number(a.fault ?? a.strong ?? false) - Number(b.fault ?? b.strong ?? false));
  return (
    <span className="boxed" style={props.ratio ? { width: `min(100%, calc(${props.maxHeight} * ${props.ratio}))` } : undefined}>
      <img
        src={props.src}
        alt={props.alt}
        loading={props.lazy ? "lazy" : "eager"}
        decoding="async"
        style={props.ratio ? { width: "100%" } : { maxHeight: props.maxHeight }}
        onError={() => setBroken(props.src)}
      />
      <svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
        {drawn.map((box, at) => (
          <rect
            key={at}
            x={box.x - box.width / 2}
            y={box.y - box.height / 2}
            width={Math.max(box.width, 0.004)}
            height={Math.max(box.height, 0.004)}
            className={box.fault ? "fault" : undefined}
            stroke={box.fault ? undefined : (box.colour ?? colourOf(box.class_id))}
            strokeDasharray={box.dashed ? "7 4" : undefined}
            style={box.strong ? { strokeWidth: 4 } : undefined}
            data-fault={box.fault}
          >
            {box.title && <title>{box.title}</title>}
          </rect>
        ))}
      </svg>
    </span>
  );
}

/** A label line as a box, if it is five numbers: at fault or not, people want to see where it points. */
export function boxOfLine(line: string | null | undefined, size?: { width: number | null; height: number | null }): DrawnBox | null {
  const words = (line ?? "").trim().split(/[\s,]+/);
  if (words.length !== 5 && words.length !== 6) return null;
  const [class_id, ...rest] = words.map(Number);
  let [x, y, width, height] = rest as [number, number, number, number];
  if (![class_id, x, y, width, height].every((each) => Number.isFinite(each))) return null;
  if (Math.max(x, y, width, height) > 2 && size?.width && size.height) {
    [x, y, width, height] = [x / size.width, y / size.height, width / size.width, height / size.height];
  }
  return { class_id: class_id ?? 0, x, y, width: Math.abs(width), height: Math.abs(height), fault: true };
}
