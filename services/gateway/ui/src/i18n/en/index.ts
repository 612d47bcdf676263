// Every sentence of the page in English, an area a file; the Japanese files must have the same keys.
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

export const en = {
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

type Texts<T> = { [K in keyof T]: T[K] extends string ? string : Texts<T[K]> };
export type Resource = Texts<typeof en>;
