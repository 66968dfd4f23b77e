import { useNavigate, useRouterState } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import type { CatalogueSearch } from "../lib/search-params.ts";
import "./search-box.css";

const PAUSE_MS = 280;
const MAX_LENGTH = 100;
/** Fewer letters match half the shop; somebody who wants that presses Enter. */
const MIN_TYPED = 2;

/** Searches while somebody types, and at once on Enter. */
export function SearchBox() {
  const navigate = useNavigate();
  const shown = useRouterState({
    select: ({ location }) => (location.pathname === "/products" ? ((location.search as CatalogueSearch).q ?? "") : ""),
  });
  const onCatalogue = useRouterState({ select: ({ location }) => location.pathname === "/products" });
  const [text, setText] = useState(shown);
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  // The address leads, except while somebody types.
  useEffect(() => {
    if (document.activeElement !== input.current) setText(shown);
  }, [shown]);
  useEffect(() => () => clearTimeout(timer.current), []);

  function search(q: string) {
    clearTimeout(timer.current);
    // A new search starts on the first page; the filters stay. Each letter does not become a step of the way back.
    void navigate({
      to: "/products",
      search: (before: CatalogueSearch) => ({ ...(onCatalogue && before), q: q.trim() || undefined, page: undefined }),
      replace: onCatalogue,
    });
  }

  function onType(q: string) {
    setText(q);
    clearTimeout(timer.current);
    const length = q.trim().length;
    if (length >= MIN_TYPED || (length === 0 && onCatalogue)) timer.current = setTimeout(() => search(q), PAUSE_MS);
  }

  function onSubmit(event: FormEvent) {
    event.preventDefault();
    search(text);
  }

  return (
    <search className="search-box">
      <form onSubmit={onSubmit}>
        <Search aria-hidden size={19} />
        <input
          ref={input}
          type="search"
          aria-label="Search products"
          placeholder="Search products"
          autoComplete="off"
          enterKeyHint="search"
          maxLength={MAX_LENGTH}
          value={text}
          onChange={(event) => onType(event.target.value)}
        />
      </form>
    </search>
  );
}
