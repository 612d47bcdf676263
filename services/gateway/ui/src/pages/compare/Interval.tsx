// A difference with its interval on a line with zero: where the interval leaves zero, the difference is sure.
import type { Difference } from "../../api/rest.gen";

const WIDTH = 160;
const HEIGHT = 18;

/** The largest distance from zero among some differences: all are drawn at one scale. */
export function reach(all: readonly (Difference | null | undefined)[]): number {
  return all.reduce((most, each) => (each ? Math.max(most, Math.abs(each.low), Math.abs(each.high)) : most), 1e-9);
}

export function Interval({ difference, most, label }: { difference: Difference; most: number; label: string }) {
  const x = (value: number) => (WIDTH / 2) * (1 + Math.max(-1, Math.min(1, value / most)) * 0.94);
  const { low, high, delta, better_is } = difference;
  const sure = low > 0 || high < 0;
  const good = delta > 0 === (better_is !== "lower");
  const color = !sure ? "var(--mantine-color-dimmed)" : good ? "var(--mantine-color-teal-6)" : "var(--mantine-color-red-6)";
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width="100%" height={HEIGHT} style={{ maxWidth: WIDTH }} role="img" aria-label={label}>
      <line x1={WIDTH / 2} x2={WIDTH / 2} y1="0" y2={HEIGHT} stroke="var(--page-line)" strokeWidth="1.5" />
      <line x1={x(low)} x2={x(high)} y1={HEIGHT / 2} y2={HEIGHT / 2} stroke={color} strokeWidth="3" strokeLinecap="round" />
      <circle cx={x(delta)} cy={HEIGHT / 2} r="4" fill={color} />
    </svg>
  );
}
