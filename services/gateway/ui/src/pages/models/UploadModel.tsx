// Weights from outside: sent and registered; they are looked at before anything loads them.
import { Alert, Anchor } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { modelPage } from "../../api/models";
import type { UploadedModel } from "../../api/rest.gen";
import { nameOf, uploadModel } from "../../api/upload";
import { UploadFile } from "../../parts/UploadFile";
import { Section } from "../../parts/parts";

export function UploadModel() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [done, setDone] = useState<UploadedModel | null>(null);
  return (
    <Section title={t("models.upload")} testId="upload-model">
      <UploadFile
        accept=".pt,.safetensors"
        title={t("models.drop")}
        hint={t("models.dropHint")}
        nameLabel={t("models.name")}
        nameHint={t("data.nameHint")}
        nameOf={nameOf}
        send={uploadModel}
        onDone={(model) => {
          setDone(model);
          void queries.invalidateQueries({ queryKey: ["models"] });
        }}
      />
      {done && (
        <Alert color="teal" mt="sm" role="status" data-testid="model-uploaded">
          {t("models.uploaded")}{" "}
          <Anchor component={Link} to={modelPage(done.name)} inherit>
            {done.name}
          </Anchor>
        </Alert>
      )}
    </Section>
  );
}
