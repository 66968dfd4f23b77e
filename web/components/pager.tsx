import { Link, useLocation } from "@tanstack/react-router";
import { ArrowLeft, ArrowRight } from "lucide-react";
import "./pager.css";

declare module "@tanstack/react-router" {
  interface HistoryState {
    /** Tokens of the pages on the way to this one; the first page's is empty. */
    trail?: string[];
  }
}

interface PagerProps<Search extends { page?: string | undefined }> {
  readonly to: "/products" | "/orders";
  readonly search: Search;
  readonly nextToken: string;
}

/** The way through a list that is paged by tokens: they only lead forward, so the way back is remembered. */
export function Pager<Search extends { page?: string | undefined }>({ to, search, nextToken }: PagerProps<Search>) {
  const trail = useLocation({ select: ({ state }) => state.trail }) ?? (search.page ? [""] : []);
  if (!search.page && nextToken === "") return null;
  const before = trail.at(-1);
  const at = (page: string | undefined) => ({ ...search, page: page || undefined }) as object;
  return (
    <nav className="pager" aria-label="Pages">
      {before !== undefined && (
        <Link to={to} search={at(before)} state={{ trail: trail.slice(0, -1) }} className="button" data-look="quiet">
          <ArrowLeft aria-hidden size={18} /> Previous page
        </Link>
      )}
      <span className="soft small tabular">Page {trail.length + 1}</span>
      {nextToken !== "" && (
        <Link
          to={to}
          search={at(nextToken)}
          state={{ trail: [...trail, search.page ?? ""] }}
          className="button"
          data-look="quiet"
        >
          Next page <ArrowRight aria-hidden size={18} />
        </Link>
      )}
    </nav>
  );
}
