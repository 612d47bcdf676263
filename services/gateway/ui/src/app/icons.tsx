// The page's few line icons, inline: nothing is loaded for them.
import type { ReactNode } from "react";

function icon(children: ReactNode) {
  return function Icon({ size = 18 }: { size?: number }) {
    return (
      <svg
        width={size}
        height={size}
        viewBox="0 0 24 24"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.8"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
      >
        {children}
      </svg>
    );
  };
}

export const OverviewIcon = icon(<path d="M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z" />);
export const TrainingIcon = icon(<path d="M4 4v16h16M7 15l4-5 3 3 5-7" />);
export const DatasetIcon = icon(<path d="M4 5h16v14H4zM4 15l5-5 4 4 3-2 4 4M15.5 9h.01" />);
export const EvaluationIcon = icon(<path d="M4 4h5v5H4zM15 4h5v5h-5zM4 15h5v5H4zM14.5 18l2 2 4-4.5" />);
export const ModelIcon = icon(<path d="M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9" />);
export const EventIcon = icon(<path d="M5 6h.01M5 12h.01M5 18h.01M9 6h11M9 12h11M9 18h7" />);
export const PlusIcon = icon(<path d="M12 5v14M5 12h14" />);
export const SunIcon = icon(
  <path d="M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M2 12h2M20 12h2M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4" />,
);
export const MoonIcon = icon(<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z" />);
export const CopyIcon = icon(<path d="M9 9h11v11H9zM5 15H4V4h11v1" />);
export const CheckIcon = icon(<path d="M5 12.5l4.5 4.5L19 7.5" />);
export const ArrowIcon = icon(<path d="M19 12H5M11 6l-6 6 6 6" />);
export const ExpandIcon = icon(<path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5" />);
export const ImageIcon = icon(<path d="M4 5h16v14H4zM4 16l5-5 4 4 3-2 4 3M8.5 9h.01" />);
export const TableIcon = icon(<path d="M4 5h16v14H4zM4 10h16M4 14.5h16M10 5v14" />);
export const PauseIcon = icon(<path d="M8 5v14M16 5v14" />);
export const PlayIcon = icon(<path d="M7 5l12 7-12 7z" />);
export const StopIcon = icon(<path d="M6 6h12v12H6z" />);
export const RepeatIcon = icon(<path d="M4 12a8 8 0 0 1 14-5.3L20 9M20 4v5h-5M20 12a8 8 0 0 1-14 5.3L4 15M4 20v-5h5" />);
export const CompareIcon = icon(<path d="M12 3v18M4 7h5v10H4zM15 5h5v14h-5z" />);
export const ForwardIcon = icon(<path d="M5 12h14M13 6l6 6-6 6" />);
