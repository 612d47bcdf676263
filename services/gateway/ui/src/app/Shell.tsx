// The frame around every page: seal, navigation, live mark, language and colours; a bottom bar on narrow screens.
import {
  ActionIcon,
  Badge,
  Button,
  Container,
  Group,
  SegmentedControl,
  Text,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link, NavLink, Outlet, useLocation } from "react-router";
import { signOut, useSession } from "../api/session";
import { type Language, chooseLanguage } from "../i18n";
import { useConnection } from "../live/store";
import { Seal } from "./Seal";
import { DatasetIcon, EvaluationIcon, EventIcon, ModelIcon, MoonIcon, OverviewIcon, PlusIcon, SunIcon, TrainingIcon } from "./icons";

const PAGES = [
  { to: "/", key: "overview", Icon: OverviewIcon },
  { to: "/trainings", key: "trainings", Icon: TrainingIcon },
  { to: "/datasets", key: "datasets", Icon: DatasetIcon },
  { to: "/models", key: "models", Icon: ModelIcon },
  { to: "/evaluations", key: "evaluations", Icon: EvaluationIcon },
  { to: "/events", key: "events", Icon: EventIcon },
] as const;

export function Shell() {
  const { t } = useTranslation();
  return (
    <>
      <a className="skip" href="#content">
        {t("app.skip")}
      </a>
      <header className="bar">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="md" wrap="nowrap">
            <Link to="/" className="row-link" aria-label={t("app.title")}>
              <Group gap={8} wrap="nowrap">
                <Seal />
                <Text fw={700} visibleFrom="xs">
                  {t("app.title")}
                </Text>
              </Group>
            </Link>
            <Group component="nav" gap={2} wrap="nowrap" visibleFrom="sm" aria-label={t("app.navigation")}>
              <Links />
            </Group>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <LiveMark />
            <LanguageChoice />
            <ColorChoice />
            <SignOut />
            <Button
              component={Link}
              to="/trainings/new"
              size="xs"
              leftSection={<PlusIcon size={14} />}
              data-testid="new-training"
              visibleFrom="sm"
            >
              {t("nav.start")}
            </Button>
            <ActionIcon component={Link} to="/trainings/new" hiddenFrom="sm" size="lg" aria-label={t("nav.start")}>
              <PlusIcon />
            </ActionIcon>
          </Group>
        </Group>
      </header>
      <main id="content" tabIndex={-1}>
        <Container size="xl" py="lg" px={{ base: "sm", sm: "md" }}>
          <Outlet />
        </Container>
      </main>
      <nav className="bottom-bar" aria-label={t("app.navigation")}>
        <Links />
      </nav>
    </>
  );
}

function Links() {
  const { t } = useTranslation();
  const comparing = useLocation().pathname === "/compare"; // a page on trainings
  return PAGES.map(({ to, key, Icon }) => (
    <NavLink key={to} to={to} end={to === "/"} className={({ isActive }) => (isActive || (comparing && key === "trainings") ? "nav-link active" : "nav-link")}>
      <Icon />
      {t(`nav.${key}`)}
    </NavLink>
  ));
}

const MARKS = { connecting: "gray", live: "teal", reconnecting: "orange" } as const;

function LiveMark() {
  const { t } = useTranslation();
  const connection = useConnection();
  const color = `var(--mantine-color-${MARKS[connection]}-6)`;
  return (
    <Tooltip label={t("live.hint")} multiline w={240}>
      <Badge
        variant="default"
        tt="none"
        fw={550}
        role="status"
        tabIndex={0}
        data-testid="connection"
        data-connection={connection}
        leftSection={<span className="dot pulse" style={{ "--dot": color, display: "block" } as React.CSSProperties} />}
      >
        {t(`live.${connection}`)}
      </Badge>
    </Tooltip>
  );
}

function LanguageChoice() {
  const { t, i18n } = useTranslation();
  return (
    <SegmentedControl
      size="xs"
      aria-label={t("app.language")}
      value={i18n.language}
      onChange={(value) => void chooseLanguage(value as Language)}
      data={[
        { value: "en", label: "EN" },
        { value: "ja", label: "日本" },
      ]}
    />
  );
}

/** Only for those who have signed in. */
function SignOut() {
  const { t } = useTranslation();
  const session = useSession();
  if (!session.data?.signed_in) return null;
  return (
    <Button variant="subtle" size="xs" title={session.data.who} onClick={() => void signOut()}>
      {t("signIn.out")}
    </Button>
  );
}

function ColorChoice() {
  const { t } = useTranslation();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const next = scheme === "dark" ? "light" : "dark";
  return (
    <ActionIcon variant="default" size="lg" aria-label={t(`app.${next}`)} onClick={() => setColorScheme(next)}>
      {scheme === "dark" ? <SunIcon /> : <MoonIcon />}
    </ActionIcon>
  );
}
