import { useEffect } from "react";

/** The document's title while a page is shown. */
export function useTitle(title: string | undefined): void {
  useEffect(() => {
    document.title = title ? `${title} · Shopmesh` : "Shopmesh";
  }, [title]);
}
