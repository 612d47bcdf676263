// Texts of the frame of the page: navigation, live badge, job states, troubles, times, in English.

export const app = {
  title: "Shirushi",
  tagline: "Logo detection, watched live",
  skip: "Skip to the content",
  language: "Language",
  light: "Switch to light colours",
  dark: "Switch to dark colours",
  navigation: "Main navigation",
  notFound: "There is no such page.",
  back: "Back",
  copy: "Copy",
  copied: "Copied",
  retry: "Try again",
  loading: "Loading…",
  close: "Close",
  none: "—",
};

export const nav = {
  overview: "Overview",
  trainings: "Trainings",
  datasets: "Datasets",
  evaluations: "Evaluations",
  models: "Models",
  events: "Events",
  start: "New training",
};

export const live = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  hint: "Events come over one WebSocket; after a break it goes on from the last one seen.",
};

export const status = {
  queued: "Queued",
  initializing: "Starting",
  running: "Running",
  paused: "Paused",
  stopping: "Stopping",
  completed: "Completed",
  failed: "Failed",
  cancelled: "Cancelled",
};

export const problem = {
  title: "That did not work",
  offline: "The gateway does not answer. The page goes on by itself when it is back.",
};

export const signIn = {
  title: "Sign in",
  token: "Token",
  hint: "It begins with shi_.",
  go: "Sign in",
  ask: "Whoever runs this system makes one with `shirushi token create NAME --scope run`.",
  out: "Sign out",
};

export const time = { seconds: "{{n}} s", minutes: "{{n}} min", hours: "{{h}} h {{m}} min" };
