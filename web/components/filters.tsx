import { Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import type { CatalogueSearch } from "../lib/search-params.ts";
import { useCategories } from "./category-nav.tsx";
import { Skeleton } from "./skeleton.tsx";
import "./filters.css";

/** About eight categories. */
const EXPECTED_HEIGHT = "17.1rem";

/** Changes what the catalogue shows, through the address. A changed filter starts on the first page. */
export function useRefine() {
  const navigate = useNavigate();
  return (change: CatalogueSearch) =>
    void navigate({
      to: "/products",
      search: (before: CatalogueSearch) => ({ ...before, page: undefined, ...change }),
      resetScroll: false,
    });
}

/** Category, price and stock, beside the products or folded above them. */
export function Filters({ search }: { readonly search: CatalogueSearch }) {
  return (
    <div className="filters">
      <CategoryFilter search={search} />
      <PriceFilter key={`${search.min}-${search.max}`} search={search} />
      <StockFilter key={String(search.stock)} search={search} />
    </div>
  );
}

function StockFilter({ search }: { readonly search: CatalogueSearch }) {
  const refine = useRefine();
  // Shows what was chosen at once; the address follows.
  const [checked, setChecked] = useState(search.stock === 1);
  return (
    <fieldset>
      <legend>Availability</legend>
      <label className="filters-check">
        <input
          type="checkbox"
          checked={checked}
          onChange={(event) => {
            setChecked(event.target.checked);
            refine({ stock: event.target.checked ? 1 : undefined });
          }}
        />
        In stock only
      </label>
    </fieldset>
  );
}

function CategoryFilter({ search }: { readonly search: CatalogueSearch }) {
  const { data, isPending } = useCategories();
  // The numbers count whole categories, so beside other filters they would promise too much.
  const isNarrowed = Boolean(search.q || search.min || search.max || search.stock);
  const shelves = [{ categoryId: undefined, name: "Everything", productCount: undefined }, ...(data?.categories ?? [])];
  return (
    <div>
      <h2>Category</h2>
      <ul className="filters-categories">
        {shelves.map(({ categoryId, name, productCount }) => (
          <li key={name}>
            <Link
              to="/products"
              search={{ ...search, category: categoryId, page: undefined }}
              data-chosen={search.category === categoryId}
              resetScroll={false}
            >
              {name} {productCount !== undefined && !isNarrowed && <span className="soft tabular">{productCount}</span>}
            </Link>
          </li>
        ))}
        {isPending && <Skeleton height={EXPECTED_HEIGHT} />}
      </ul>
    </div>
  );
}

/** The euros that somebody typed: "1,000" are a thousand, "20,50" and "20.5" twenty and a half. */
function euros(typed: string): number {
  return Number.parseFloat(typed.replace(/[.,](?=\d{3})/g, "").replace(",", ".")) || 0;
}

function PriceFilter({ search }: { readonly search: CatalogueSearch }) {
  const refine = useRefine();
  const [min, setMin] = useState(String(search.min ?? ""));
  const [max, setMax] = useState(String(search.max ?? ""));

  function apply(event?: FormEvent) {
    event?.preventDefault();
    const [low, high] = [Math.floor(euros(min)) || undefined, Math.ceil(euros(max)) || undefined];
    if (low === search.min && high === search.max) return;
    // Who fills them in the wrong way round means the same.
    refine(low !== undefined && high !== undefined && low > high ? { min: high, max: low } : { min: low, max: high });
  }

  return (
    <form onSubmit={apply}>
      <fieldset>
        <legend>Price in euros</legend>
        <div className="filters-price">
          <PriceInput label="From" value={min} onChange={setMin} onDone={apply} />
          <span aria-hidden>–</span>
          <PriceInput label="To" value={max} onChange={setMax} onDone={apply} />
        </div>
        <button type="submit" className="visually-hidden" tabIndex={-1}>
          Apply prices
        </button>
      </fieldset>
    </form>
  );
}

interface PriceInputProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly onDone: () => void;
}

function PriceInput({ label, value, onChange, onDone }: PriceInputProps) {
  return (
    <input
      aria-label={label}
      placeholder={label}
      inputMode="decimal"
      autoComplete="off"
      maxLength={9}
      value={value}
      onChange={(event) => onChange(event.target.value.replace(/[^\d.,]/g, ""))}
      onBlur={onDone}
    />
  );
}

/** Whether the window is as wide as this. */
export function useWide(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const onChange = () => setMatches(list.matches);
    list.addEventListener("change", onChange);
    return () => list.removeEventListener("change", onChange);
  }, [query]);
  return matches;
}
