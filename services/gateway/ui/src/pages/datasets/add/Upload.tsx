// A ZIP by drag and drop or by choosing: shows how much was sent, then how far the import is; both can be stopped.
import { Button, Group, Progress, Stack, Text, TextInput } from "@mantine/core";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Stopped, nameOf, uploadDataset } from "../../../api/upload";
import { size } from "../../../parts/format";
import { Trouble } from "../../../parts/parts";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export function Upload({ onStarted }: { onStarted: (job: string) => void }) {
  const { t } = useTranslation();
  const [file, setFile] = useState<File | null>(null);
  const [name, setName] = useState("");
  const [sent, setSent] = useState<number | null>(null);
  const [trouble, setTrouble] = useState<unknown>(null);
  const abort = useRef<AbortController | null>(null);
  const choose = (chosen: File | undefined) => {
    if (!chosen) return;
    setFile(chosen);
    setTrouble(null);
    setName(nameOf(chosen.name));
  };
  const send = async () => {
    if (!file) return;
    abort.current = new AbortController();
    setSent(0);
    setTrouble(null);
    try {
      onStarted(await uploadDataset(file, name, setSent, abort.current.signal));
      setFile(null);
    } catch (error) {
      if (!(error instanceof Stopped)) setTrouble(error);
    } finally {
      setSent(null);
    }
  };
  return (
    <Stack gap="sm">
      <DropZone file={file} onFile={choose} />
      {file && (
        <Group gap="sm" align="flex-end">
          <TextInput
            label={t("data.name")}
            description={t("data.nameHint")}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={!NAME.test(name)}
            disabled={sent !== null}
            style={{ flex: "1 1 14rem" }}
            data-testid="upload-name"
          />
          {sent === null ? (
            <Button onClick={() => void send()} disabled={!NAME.test(name)} data-testid="upload">
              {t("data.upload")}
            </Button>
          ) : (
            <Button variant="default" onClick={() => abort.current?.abort()} data-testid="upload-stop">
              {t("data.stop")}
            </Button>
          )}
        </Group>
      )}
      {file && sent !== null && (
        <div aria-live="polite">
          <Text size="sm" c="dimmed">
            {t(sent < 1 ? "data.sending" : "data.storing", { sent: size(sent * file.size), of: size(file.size) })}
          </Text>
          <Progress value={100 * sent} animated aria-label={t("data.upload")} data-testid="upload-progress" />
        </div>
      )}
      {trouble !== null && <Trouble error={trouble} title={t("data.uploadFailed")} />}
    </Stack>
  );
}

function DropZone({ file, onFile }: { file: File | null; onFile: (file: File | undefined) => void }) {
  const { t } = useTranslation();
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
        accept=".zip,application/zip"
        className="unseen"
        onChange={(event) => onFile(event.currentTarget.files?.[0])}
        data-testid="upload-file"
      />
      <Text fw={600}>{file ? `${file.name} · ${size(file.size)}` : t("data.drop")}</Text>
      <Text size="sm" c="dimmed">
        {t("data.dropHint")}
      </Text>
    </label>
  );
}
