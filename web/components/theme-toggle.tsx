import { Moon, Sun } from "lucide-react";

const STORED_AS = "shopmesh-theme";

/** Changes between light and dark. Which of the two icons shows is up to the styles, as they know the theme. */
export function ThemeToggle() {
  function toggle() {
    const root = document.documentElement;
    const shown = root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    const theme = shown === "dark" ? "light" : "dark";
    root.dataset.theme = theme;
    try {
      localStorage.setItem(STORED_AS, theme);
    } catch {
      // Where storage is forbidden the choice lasts as long as the page.
    }
  }
  return (
    <button
      type="button"
      className="header-action theme-toggle"
      onClick={toggle}
      aria-label="Switch between light and dark"
    >
      <Sun aria-hidden size={21} className="theme-sun" />
      <Moon aria-hidden size={21} className="theme-moon" />
    </button>
  );
}
