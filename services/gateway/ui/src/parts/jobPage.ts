// Which page shows a job of an area; null for what has none.
const PAGES: Record<string, string> = {
  training: "/trainings/",
  dataset: "/datasets/checks/",
  analysis: "/evaluations/",
};

export function jobPage(area: string, id: string): string | null {
  const page = PAGES[area];
  return page === undefined ? null : page + id;
}
