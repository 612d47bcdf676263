// The seal (印) of Shirushi, drawn, so that no font is needed: vermilion, as on paper.
export function Seal({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect x="1.5" y="1.5" width="29" height="29" rx="7" fill="var(--page-seal)" />
      <g fill="none" stroke="#fff8f2" strokeWidth="2.3" strokeLinecap="round" strokeLinejoin="round">
        <path d="M13.4 7.2 8 9.2v13.6M8 15.4h5.6M8 22.8h6" />
        <path d="M18 8.6h6.4v8.6h-2.6M18 8.6v16.2" />
      </g>
    </svg>
  );
}
