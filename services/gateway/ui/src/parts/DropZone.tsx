// A place to drop a file on, or to choose one by click or keyboard.
import "./drop-zone.css";
import { Text } from "@mantine/core";
import { useState } from "react";
import { size } from "./format";

interface DropZoneProps {
  file: File | null;
  accept: string;
  title: string;
  hint: string;
  onFile: (file: File | undefined) => void;
}

export function DropZone({ file, accept, title, hint, onFile }: DropZoneProps) {
  const [over, setOver] = useState(false);
  return (
    <label
      className="drop"
      data-over={over || undefined}
      data-testid="drop"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        onFile(event.dataTransfer.files[0]);
      }}
    >
      <input
        type="file"
        accept={accept}
        className="unseen"
        onChange={(event) => onFile(event.currentTarget.files?.[0])}
        data-testid="upload-file"
      />
      <Text fw={600}>{file ? `${file.name} · ${size(file.size)}` : title}</Text>
      <Text size="sm" c="dimmed">
        {hint}
      </Text>
    </label>
  );
}
