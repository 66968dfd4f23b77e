import type { CSSProperties } from "react";
import "./skeleton.css";

/** A block that stands where something will be, in its size. */
export function Skeleton({ width = "100%", height = "1em" }: { readonly width?: string; readonly height?: string }) {
  return <span className="skeleton" style={{ width, height } satisfies CSSProperties} aria-hidden />;
}

/** What a page is while its code is fetched. */
export function PageSkeleton() {
  return (
    <div className="page page-skeleton" aria-busy="true">
      <span className="visually-hidden" role="status">
        Loading
      </span>
      <Skeleton width="min(22rem, 70%)" height="2.4rem" />
      <Skeleton width="min(34rem, 90%)" />
      <Skeleton height="18rem" />
    </div>
  );
}
