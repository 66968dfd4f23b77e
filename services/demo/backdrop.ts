import type { Backdrop } from "./catalogue/shelf.ts";

/** Size of a scene in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * A wall that bends softly into a floor, lit from the upper left, as the content of an SVG. `horizon` is where the floor begins, as a
 * fraction of the height.
 */
export function standingBackdrop({ wall, floor, shade }: Backdrop, horizon: number): string {
  const bend = (offset: number) => (horizon + offset).toFixed(3);
  return fill(
    `<linearGradient id="room" x1="0" y1="0" x2="0" y2="1">
       <stop offset="0" stop-color="${wall}"/>
       <stop offset="${bend(-0.08)}" stop-color="${wall}"/>
       <stop offset="${bend(0.02)}" stop-color="${floor}"/>
       <stop offset="1" stop-color="${floor}"/>
     </linearGradient>
     ${light("0.36", "0.26", "0.75", 0.75)}
     ${vignette(shade)}`,
    ["room", "light", "vignette"],
  );
}

/** A table top seen from above, lit from the upper left, as the content of an SVG. */
export function lyingBackdrop({ wall, floor, shade }: Backdrop): string {
  return fill(
    `<linearGradient id="table" x1="0" y1="0" x2="1" y2="1">
       <stop offset="0" stop-color="${wall}"/>
       <stop offset="1" stop-color="${floor}"/>
     </linearGradient>
     ${light("0.3", "0.24", "0.8", 0.6)}
     ${vignette(shade)}`,
    ["table", "light", "vignette"],
  );
}

function light(cx: string, cy: string, r: string, opacity: number): string {
  return `<radialGradient id="light" cx="${cx}" cy="${cy}" r="${r}">
    <stop offset="0" stop-color="#fff" stop-opacity="${opacity}"/>
    <stop offset="1" stop-color="#fff" stop-opacity="0"/>
  </radialGradient>`;
}

function vignette(shade: string): string {
  return `<radialGradient id="vignette" cx="0.5" cy="0.48" r="0.78">
    <stop offset="0.62" stop-color="${shade}" stop-opacity="0"/>
    <stop offset="1" stop-color="${shade}" stop-opacity="0.08"/>
  </radialGradient>`;
}

function fill(defs: string, layers: readonly string[]): string {
  return `<defs>${defs}</defs>${layers.map((id) => `<rect width="100%" height="100%" fill="url(#${id})"/>`).join("")}`;
}
