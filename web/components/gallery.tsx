import { useState } from "react";
import type { Picture as PictureMessage } from "#gen/shop/type/v1/picture_pb.js";
import { Picture } from "./picture.tsx";
import "./gallery.css";

/** A product's pictures: one large, the others to choose from. */
export function Gallery({ pictures }: { readonly pictures: readonly PictureMessage[] }) {
  const [chosen, setChosen] = useState(0);
  const shown = pictures[chosen] ?? pictures[0];
  return (
    <div className="gallery">
      <div className="gallery-main">
        <Picture key={shown?.imageId} picture={shown} sizes="(width >= 60rem) 38rem, 94vw" priority="main" />
      </div>
      {pictures.length > 1 && (
        <ul className="gallery-choice">
          {pictures.map((picture, index) => (
            <li key={picture.imageId}>
              <button
                type="button"
                aria-label={`Picture ${index + 1} of ${pictures.length}`}
                aria-pressed={index === chosen}
                onClick={() => setChosen(index)}
              >
                <Picture picture={picture} sizes="5rem" priority="first" decorative />
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
