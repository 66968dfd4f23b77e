import "./logo.css";

/** The shop's mark and name. */
export function Logo() {
  return (
    <span className="logo">
      <svg viewBox="0 0 28 28" width="28" height="28" aria-hidden="true">
        <path d="M4.5 9.5h19l-1.7 14.5H6.2z M9.5 9.5a4.5 4.5 0 0 1 9 0 M5.4 16.7h17.2 M14 9.5V24" />
      </svg>
      <span>Shopmesh</span>
    </span>
  );
}
