// Colours and type: ink blue to act, vermilion for the seal alone, warm paper and deep night behind.
import { type CSSVariablesResolver, type MantineColorsTuple, createTheme } from "@mantine/core";

export const VERMILION = "#d9402b";

const ink: MantineColorsTuple = [
  "#eef4fa",
  "#dbe6f0",
  "#b4cce2",
  "#8ab0d4",
  "#6798c8",
  "#5089c1",
  "#3c78b2", // white text on it: 4.6 to 1
  "#2f699f",
  "#265c8d",
  "#194a76",
];

const dark: MantineColorsTuple = [
  "#d5dae1",
  "#b4bcc8",
  "#8c97a8",
  "#66707f",
  "#444d5b",
  "#333b47",
  "#262d37",
  "#1b2028",
  "#14181f",
  "#0e1116",
];

export const theme = createTheme({
  colors: { ink, dark },
  primaryColor: "ink",
  primaryShade: { light: 7, dark: 6 },
  autoContrast: true,
  luminanceThreshold: 0.18, // where black and white text are equally easy to read: 4.6 to 1
  defaultRadius: "md",
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", "Hiragino Sans", "Noto Sans JP", "Yu Gothic UI", "IPAGothic", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace',
  fontSizes: { xs: "0.75rem", sm: "0.85rem", md: "0.95rem" },
  headings: { fontWeight: "650", sizes: { h1: { fontSize: "1.35rem" }, h2: { fontSize: "1rem" } } },
  cursorType: "pointer",
  respectReducedMotion: true,
});

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "#f7f6f3",
    "--mantine-color-dimmed": "#5d6570",
    // on badges: at least 4.5 to 1 on their light ground, where the library's shade 9 is not
    "--mantine-color-teal-light-color": "#06664a",
    "--mantine-color-yellow-light-color": "#7a4a00",
    "--mantine-color-orange-light-color": "#a3360b",
    "--mantine-color-red-light-color": "#b02525",
    "--mantine-color-teal-text": "#06664a",
    "--mantine-color-yellow-text": "#7a4a00",
    "--mantine-color-orange-text": "#a3360b",
    "--mantine-color-red-text": "#b02525",
    "--page-card": "#ffffff",
    "--page-line": "#e4e1da",
    "--page-seal": VERMILION,
  },
  dark: {
    "--mantine-color-body": "#11151b",
    "--mantine-color-dimmed": "#98a3b3",
    "--page-card": "#1b2028",
    "--page-line": "#2c343f",
    "--page-seal": "#e8553f",
  },
});
