// The lines that start the same training from a terminal or from Python. Pure.
const OPTIONS = new Set([
  ...["model_architecture", "base_model_path", "epochs", "batch_size", "learning_rate", "imgsz", "optimizer", "patience"],
  ...["freeze", "device", "seed", "project_name", "experiment_name", "priority"],
]); // as libs/client/verbs/trainings.py has them

/** The line of the command `shirushi`. */
export function cliLine(origin: string, body: object): string {
  const { dataset_path, mode, ...rest } = body as Record<string, unknown>;
  const parts = ["shirushi train", quoted(dataset_path ?? "DATASET"), "--url", quoted(origin), "--mode", quoted(mode)];
  const sets: string[] = [];
  for (const [name, value] of Object.entries(rest)) {
    if (OPTIONS.has(name)) parts.push(`--${name.replaceAll("_", "-")}`, quoted(value));
    else if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      for (const [inner, each] of Object.entries(value)) sets.push(setting(`${name}.${inner}`, each));
    } else sets.push(setting(name, value));
  }
  return [...parts, ...sets].join(" ");
}

function setting(name: string, value: unknown): string {
  return `--set ${quoted(`${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)}`;
}

function quoted(value: unknown): string {
  const text = String(value);
  return /^[A-Za-z0-9_./:@=,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The same by the Python client. */
export function pythonLines(origin: string, body: object): string {
  const { dataset_path, mode, ...rest } = body as Record<string, unknown>;
  const given = Object.entries(rest).map(([name, value]) => `    ${name}=${literal(value)},\n`);
  return [
    "from libs.client import Client\n",
    `client = Client(${literal(origin)})`,
    `started = client.start_training(\n    ${literal(dataset_path ?? "DATASET")},\n    ${literal(mode)},\n${given.join("")})`,
    'print(started["training_id"])',
  ].join("\n");
}

function literal(value: unknown): string {
  if (value === true) return "True";
  if (value === false) return "False";
  if (value === null || value === undefined) return "None";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object") {
    const pairs = Object.entries(value).map(([name, each]) => `${literal(name)}: ${literal(each)}`);
    return `{${pairs.join(", ")}}`;
  }
  return JSON.stringify(value);
}
