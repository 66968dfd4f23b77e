import { join } from "node:path";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { implement } from "#kit/implementation.ts";
import type { Main } from "#kit/kit.ts";
import { runAlone } from "#kit/run.ts";
import { createImageFiles } from "./http.ts";
import { createImages } from "./images.ts";
import { limitProcessing } from "./processing.ts";
import { createImageService } from "./service.ts";
import { createDiskStore } from "./store.disk.ts";

/** The image service: takes pictures in, serves them in the sizes and formats that browsers want. */
export const main: Main = async (kit) => {
  limitProcessing();
  const uploads = kit.metrics.counter("shop_images_uploaded_total", "Pictures taken in");
  const made = kit.metrics.counter("shop_image_variants_made_total", "Files made from pictures", ["format"]);
  const served = kit.metrics.counter("shop_image_variants_served_total", "Files of pictures sent", [
    "format",
    "status",
  ]);
  const store = await createDiskStore(join(kit.settings.dataDir, "images"));
  const images = createImages({
    store,
    onUpload: () => uploads.inc(),
    onMade: ({ format }) => made.inc({ format }),
  });
  const files = createImageFiles({
    images,
    onServed: ({ format }, status) => served.inc({ format, status }),
    log: kit.log,
  });
  await kit.serve({
    services: [implement(ImageService, createImageService({ store, images }))],
    ready: () => store.ping(),
    http: { "/images/": files },
  });
};

if (import.meta.main) await runAlone("image", main);
