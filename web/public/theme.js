// Applies the theme somebody chose before the first paint; without a choice the system's is used.
try {
  const theme = localStorage.getItem("shopmesh-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; then the system's theme it is.
}
