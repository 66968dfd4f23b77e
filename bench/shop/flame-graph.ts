import type { Frame } from "./self-time.ts";

const WIDTH = 1_600;
const ROW_HEIGHT = 17;
const MARGIN = 8;
const HEAD_HEIGHT = 44;
/** Narrower ones say nothing and make the file large. */
const WIDTH_MIN = 0.4;
const CHARACTER_WIDTH = 6.4;
const LABEL_MIN_WIDTH = 24;

interface Box {
  readonly frame: Frame;
  readonly x: number;
  readonly width: number;
  readonly depth: number;
}

const escaped = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** The same colour for all of a package. */
function colourOf(name: string): string {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + character.charCodeAt(0)) % 997;
  return `hsl(${(hash * 137) % 360} 62% ${68 + (hash % 12)}%)`;
}

function layOut(frame: Frame, x: number, depth: number, scale: number, boxes: Box[]): void {
  const width = frame.totalUs * scale;
  if (width < WIDTH_MIN) return;
  boxes.push({ frame, x, width, depth });
  let at = x;
  for (const child of [...frame.children.values()].sort((a, b) => b.totalUs - a.totalUs)) {
    layOut(child, at, depth + 1, scale, boxes);
    at += child.totalUs * scale;
  }
}

function draw({ frame, x, width, depth }: Box, totalUs: number): string {
  const y = HEAD_HEIGHT + depth * ROW_HEIGHT;
  const share = ((100 * frame.totalUs) / totalUs).toFixed(2);
  const own = ((100 * frame.selfUs) / totalUs).toFixed(2);
  const letters = Math.floor((width - 4) / CHARACTER_WIDTH);
  const label = width < LABEL_MIN_WIDTH ? "" : escaped(frame.name.slice(0, letters));
  return `<g data-x="${x.toFixed(2)}" data-w="${width.toFixed(2)}"><title>${escaped(frame.name)}
${escaped(frame.package)}
${share} %, of its own ${own} %</title><rect x="${x.toFixed(2)}" y="${y}" width="${width.toFixed(2)}" height="${ROW_HEIGHT - 1}" fill="${colourOf(frame.package)}"/><text x="${(x + 3).toFixed(2)}" y="${y + 12}" data-t="${escaped(frame.name)}">${label}</text></g>`;
}

// A click makes a function as wide as the picture; a click on the bottom row shows all again.
const SCRIPT = `
const groups = [...document.querySelectorAll("g[data-x]")];
document.querySelector("svg").addEventListener("click", (event) => {
  const chosen = event.target.closest("g[data-x]");
  if (!chosen) return;
  const left = Number(chosen.dataset.x), scale = ${WIDTH - 2 * MARGIN} / Number(chosen.dataset.w);
  for (const group of groups) {
    const x = (Number(group.dataset.x) - left) * scale + ${MARGIN}, width = Number(group.dataset.w) * scale;
    const begin = Math.max(x, ${MARGIN}), end = Math.min(x + width, ${WIDTH - MARGIN});
    group.style.display = end - begin < ${WIDTH_MIN} ? "none" : "";
    const rect = group.querySelector("rect"), text = group.querySelector("text");
    rect.setAttribute("x", begin);
    rect.setAttribute("width", Math.max(0, end - begin));
    text.setAttribute("x", begin + 3);
    text.textContent = end - begin < ${LABEL_MIN_WIDTH} ? "" : text.dataset.t.slice(0, (end - begin - 4) / ${CHARACTER_WIDTH});
  }
});`;

/** A flame graph in one HTML file: width is time, below a function stands what it called, colours are packages. */
export function flameGraph(title: string, root: Frame): string {
  const boxes: Box[] = [];
  layOut(root, MARGIN, 0, (WIDTH - 2 * MARGIN) / Math.max(1, root.totalUs), boxes);
  const height = HEAD_HEIGHT + (Math.max(0, ...boxes.map((it) => it.depth)) + 1) * ROW_HEIGHT + MARGIN;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title>
<style>body{margin:0;background:#fff}text{font:11px ui-monospace,monospace;pointer-events:none}g{cursor:pointer}</style></head><body>
<svg viewBox="0 0 ${WIDTH} ${height}" width="100%" xmlns="http://www.w3.org/2000/svg">
<text x="${MARGIN}" y="26" style="font-size:15px">${escaped(title)}</text>
${boxes.map((it) => draw(it, root.totalUs)).join("\n")}
</svg><script>${SCRIPT}</script></body></html>
`;
}
