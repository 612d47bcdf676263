// Texts of the overview and the event feed, in English.

export const overview = {
  title: "Overview",
  gpu: "GPU",
  noGpu: "No GPU",
  noGpuHint: "Trainings run on the CPU.",
  memoryOf: "{{used}} of {{total}}",
  processes_one: "{{count}} process",
  processes_other: "{{count}} processes",
  cpu: "CPU",
  memory: "Memory",
  disk: "Disk",
  diskFree: "{{free}} GiB free of {{total}} GiB",
  queue: "Queue",
  running: "running",
  waiting: "waiting",
  current: "Current work",
  idle: "Nothing is running. Start a training, or check a dataset first.",
  services: "Services",
  service: "Service",
  host: "Host",
  since: "Up since",
  bus: "Event bus",
  store: "Artifact store",
  events: "Events as they come",
  noEvents: "No event yet.",
  latency: "{{ms}} ms",
};

export const event = {
  requested: "requested",
  started: "started",
  epoch_completed: "epoch {{epoch}} of {{epochs}}",
  checkpoint_saved: "checkpoint saved",
  completed: "completed",
  failed: "failed",
  cancel_requested: "asked to stop",
  cancelled: "cancelled",
  validated: "validated",
  visualized: "pictures drawn",
  registered: "registered",
  deleted: "deleted",
  uploaded: "uploaded",
};

export const area = { training: "Training", dataset: "Dataset", analysis: "Evaluation", model: "Model" };
