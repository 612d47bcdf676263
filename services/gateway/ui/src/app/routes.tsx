// Which address shows which page; each page is its own chunk, so that the overview loads no charts.
import { Alert, Anchor } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link, createBrowserRouter } from "react-router";
import { Shell } from "./Shell";

export const router = createBrowserRouter(
  [
    {
      element: <Shell />,
      hydrateFallbackElement: <></>,
      children: [
        { index: true, lazy: async () => ({ Component: (await import("../pages/overview/Overview")).Overview }) },
        { path: "trainings", lazy: async () => ({ Component: (await import("../pages/runs/Runs")).Runs }) },
        { path: "trainings/new", lazy: async () => ({ Component: (await import("../pages/start/Start")).Start }) },
        { path: "trainings/:id", lazy: async () => ({ Component: (await import("../pages/run/Run")).Run }) },
        { path: "compare", lazy: async () => ({ Component: (await import("../pages/compare/Compare")).Compare }) },
        { path: "datasets", lazy: async () => ({ Component: (await import("../pages/datasets/Datasets")).Datasets }) },
        {
          path: "datasets/:name",
          lazy: async () => ({ Component: (await import("../pages/datasets/Dataset")).Dataset }),
        },
        {
          path: "datasets/checks/:id",
          lazy: async () => ({ Component: (await import("../pages/datasets/check/Check")).Check }),
        },
        {
          path: "evaluations",
          lazy: async () => ({ Component: (await import("../pages/evaluations/Evaluations")).Evaluations }),
        },
        {
          path: "evaluations/:id",
          lazy: async () => ({ Component: (await import("../pages/evaluations/Evaluation")).Evaluation }),
        },
        { path: "models", lazy: async () => ({ Component: (await import("../pages/models/Models")).Models }) },
        { path: "models/*", lazy: async () => ({ Component: (await import("../pages/models/Model")).Model }) },
        { path: "events", lazy: async () => ({ Component: (await import("../pages/events/Events")).Events }) },
        { path: "*", element: <NotFound /> },
      ],
    },
  ],
  { basename: "/ui/ml" },
);

function NotFound() {
  const { t } = useTranslation();
  return (
    <Alert title={t("app.notFound")}>
      <Anchor component={Link} to="/">
        {t("nav.overview")}
      </Anchor>
    </Alert>
  );
}
