// The way from chosen trainings to their comparison.
import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { CompareIcon } from "../../app/icons";

export function CompareChosen({ chosen }: { chosen: string[] }) {
  const { t } = useTranslation();
  return (
    <Button
      component={Link}
      to={`/compare?runs=${chosen.join(",")}`}
      size="xs"
      variant={chosen.length > 1 ? "filled" : "default"}
      leftSection={<CompareIcon size={14} />}
      data-testid="compare-chosen"
    >
      {chosen.length > 0 ? t("runs.compareChosen", { count: chosen.length }) : t("runs.compare")}
    </Button>
  );
}
