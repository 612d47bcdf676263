// A long list of rows of one height: only those that can be seen are in the page.
import { type ReactNode, type RefObject, useEffect, useRef, useState } from "react";

interface WindowedProps {
  count: number;
  rowPx: number;
  heightPx: number;
  label: string;
  row: (index: number) => ReactNode;
  box?: RefObject<HTMLDivElement | null>;
  onEnd?: () => void;
  onScrolled?: (atEnd: boolean) => void;
  className?: string;
  role?: string;
  testId?: string;
}

const SPARE = 8;

export function Windowed({ count, rowPx, heightPx, label, row, box, onEnd, onScrolled, className, role = "list", testId }: WindowedProps) {
  const own = useRef<HTMLDivElement>(null);
  const outer = box ?? own;
  const [top, setTop] = useState(0);
  const first = Math.max(0, Math.min(count - 1, Math.floor(top / rowPx)) - SPARE);
  const last = Math.min(count, Math.ceil((top + heightPx) / rowPx) + SPARE);
  useEffect(() => {
    if (last >= count) onEnd?.();
  }, [last, count, onEnd]);
  const scrolled = () => {
    const { scrollTop = 0, scrollHeight = 0, clientHeight = 0 } = outer.current ?? {};
    setTop(scrollTop);
    onScrolled?.(scrollHeight - clientHeight - scrollTop < rowPx);
  };
  return (
    <div
      ref={outer}
      className={className}
      style={{ height: Math.min(heightPx, Math.max(rowPx, count * rowPx) + 2), overflow: "auto", position: "relative" }}
      onScroll={scrolled}
      tabIndex={0}
      role={role}
      aria-label={label}
      data-testid={testId}
      data-count={count}
    >
      <div style={{ height: count * rowPx, position: "relative" }} role="presentation">
        <div style={{ position: "absolute", top: first * rowPx, left: 0, right: 0 }} role="presentation">
          {Array.from({ length: Math.max(0, last - first) }, (_, at) => row(first + at))}
        </div>
      </div>
    </div>
  );
}
