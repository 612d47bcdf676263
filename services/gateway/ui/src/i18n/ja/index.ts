// Every sentence of the page in Japanese; the compiler and a test refuse a missing key.
import type { Resource } from "../en";
import { app, live, nav, problem, signIn, status, time } from "./app";
import { args } from "./arguments";
import { chart } from "./chart";
import { compare } from "./compare";
import { data } from "./datasets";
import { evals } from "./evaluations";
import { log } from "./log";
import { metric } from "./metrics";
import { models } from "./models";
import { area, event, overview } from "./overview";
import { run, runs } from "./runs";
import { form } from "./start";
import { trouble } from "./trouble";

export const ja: Resource = {
  app,
  nav,
  live,
  status,
  problem,
  signIn,
  time,
  overview,
  event,
  area,
  form,
  args,
  chart,
  compare,
  trouble,
  runs,
  run,
  metric,
  data,
  evals,
  models,
  log,
};
