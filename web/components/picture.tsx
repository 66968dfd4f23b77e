import { useEffect, useMemo, useState } from "react";
import type { Picture as PictureMessage } from "#gen/shop/type/v1/picture_pb.js";
import "./picture.css";

/** Widths that the image service makes, in pixels. */
const WIDTHS = [160, 320, 480, 640, 960, 1280];
const FALLBACK_WIDTH = 640;

interface PictureProps {
  readonly picture: PictureMessage | undefined;
  /** How wide it is shown, for the `sizes` attribute. */
  readonly sizes: string;
  /** Of the first screen, so fetched at once; "main" is fetched before all others. */
  readonly priority?: "first" | "main";
  /** Where the text beside it says the same already. */
  readonly decorative?: boolean;
}

/** What did not load is asked for again after these pauses, in milliseconds: the pictures may be away for a moment. */
const AGAIN_AFTER_MS = [4_000, 12_000, 36_000];

/** How far a picture has come; one that is missing is tried again now and then. */
function useLoading() {
  const [state, setState] = useState<"loading" | "shown" | "missing">("loading");
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const pauseMs = AGAIN_AFTER_MS[tries];
    if (state !== "missing" || pauseMs === undefined) return;
    const timer = setTimeout(() => {
      setTries(tries + 1);
      setState("loading");
    }, pauseMs);
    return () => clearTimeout(timer);
  }, [state, tries]);
  return [state, setState] as const;
}

/** A picture in the size and format that suits the screen, with its blurred miniature until it is there. */
export function Picture({ picture, sizes, priority, decorative }: PictureProps) {
  const [state, setState] = useLoading();
  const miniature = useMemo(() => picture && placeholderUrl(picture.placeholder), [picture]);
  if (picture === undefined) return <span className="picture" data-missing />;
  const style = miniature ? { backgroundImage: `url(${miniature})` } : undefined;
  if (state === "missing") {
    const words = decorative ? {} : { role: "img", "aria-label": picture.alt };
    return <span className="picture" data-missing style={style} {...words} />;
  }
  return (
    <picture className="picture" data-state={state} style={style}>
      <source type="image/avif" srcSet={srcSet(picture, "avif")} sizes={sizes} />
      <source type="image/webp" srcSet={srcSet(picture, "webp")} sizes={sizes} />
      <img
        src={fileOf(picture, Math.min(FALLBACK_WIDTH, widthsOf(picture).at(-1) ?? FALLBACK_WIDTH), "jpg")}
        srcSet={srcSet(picture, "jpg")}
        sizes={sizes}
        width={picture.width}
        height={picture.height}
        alt={decorative ? "" : picture.alt}
        loading={priority ? "eager" : "lazy"}
        fetchPriority={priority === "main" ? "high" : "auto"}
        decoding="async"
        ref={(image) => {
          // One that was in the cache may be there before React listens.
          if (image?.complete && image.naturalWidth > 0) setState("shown");
        }}
        onLoad={() => setState("shown")}
        onError={() => setState("missing")}
      />
    </picture>
  );
}

/** No wider than the original, but always one. */
function widthsOf({ width }: PictureMessage): number[] {
  const wanted = WIDTHS.filter((candidate) => candidate <= width);
  return wanted.length > 0 ? wanted : WIDTHS.slice(0, 1);
}

const fileOf = ({ imageId }: PictureMessage, width: number, format: string) => `/images/${imageId}/${width}.${format}`;

function srcSet(picture: PictureMessage, format: string): string {
  return widthsOf(picture)
    .map((width) => `${fileOf(picture, width, format)} ${width}w`)
    .join(", ");
}

function placeholderUrl(bytes: Uint8Array): string | undefined {
  return bytes.length === 0 ? undefined : `data:image/webp;base64,${btoa(String.fromCharCode(...bytes))}`;
}
