// Beside curves that are zoomed by dragging: how to, or the way back to all of them.
import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Dim } from "../parts/parts";

export function ZoomHint(props: { zoomed: boolean; showAll: () => void }) {
  const { t } = useTranslation();
  return props.zoomed ? (
    <Button size="compact-xs" variant="default" onClick={props.showAll} data-testid="show-all">
      {t("chart.showAll")}
    </Button>
  ) : (
    <span className="wide-only">
      <Dim>{t("chart.drag")}</Dim>
    </span>
  );
}
