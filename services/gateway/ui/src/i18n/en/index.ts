// Every sentence of the page in English, an area a file; the Japanese files must have the same keys.
import { app, live, nav, problem, status, time } from "./app";
import { args } from "./arguments";
import { data } from "./datasets";
import { evals } from "./evaluations";
import { metric } from "./metrics";
import { area, event, overview } from "./overview";
import { run, runs } from "./runs";
import { form } from "./start";

export const en = {
  app,
  nav,
  live,
  status,
  problem,
  time,
  overview,
  event,
  area,
  form,
  args,
  runs,
  run,
  metric,
  data,
  evals,
};

type Texts<T> = { [K in keyof T]: T[K] extends string ? string : Texts<T[K]> };
export type Resource = Texts<typeof en>;
