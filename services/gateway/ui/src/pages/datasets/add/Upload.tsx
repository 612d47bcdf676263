// A dataset's ZIP: sent, and then imported as a job of its own.
import { useTranslation } from "react-i18next";
import { nameOf, uploadDataset } from "../../../api/upload";
import { UploadFile } from "../../../parts/UploadFile";

export function Upload({ onStarted }: { onStarted: (job: string) => void }) {
  const { t } = useTranslation();
  return (
    <UploadFile
      accept=".zip,application/zip"
      title={t("data.drop")}
      hint={t("data.dropHint")}
      nameLabel={t("data.name")}
      nameHint={t("data.nameHint")}
      nameOf={nameOf}
      send={uploadDataset}
      onDone={onStarted}
    />
  );
}
