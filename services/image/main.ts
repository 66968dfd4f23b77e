import { join } from "node:path";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { implement } from "#kit/implementation.ts";
import type { Kit, Main } from "#kit/kit.ts";
import { runAlone } from "#kit/run.ts";
import type { Schema } from "#kit/schema.ts";
import type { Settings } from "#kit/settings.ts";
import { deployment } from "./deployment.ts";
import { createImageFiles } from "./http.ts";
import { createImages } from "./images.ts";
import { limitProcessing } from "./processing.ts";
import { createImageService } from "./service.ts";
import { createDiskStore } from "./store.disk.ts";
import { createPostgresStore } from "./store.postgres.ts";
import type { ImageStore } from "./store.ts";

/** What it keeps in PostgreSQL, where its pictures are there. */
function schemaOf({ imageStore }: Settings): Schema | undefined {
  return imageStore === "postgres" ? { migrations: new URL("./migrations", import.meta.url) } : undefined;
}

async function openStore({ settings, postgres }: Kit): Promise<ImageStore> {
  const schema = schemaOf(settings);
  if (schema === undefined) return createDiskStore(join(settings.dataDir, "images"));
  return createPostgresStore(await postgres(schema));
}

/** The image service: takes pictures in, serves them in the sizes and formats that browsers want. */
export const main: Main = async (kit) => {
  limitProcessing();
  const uploads = kit.metrics.counter("shop_images_uploaded_total", "Pictures taken in");
  const made = kit.metrics.counter("shop_image_variants_made_total", "Files made from pictures", ["format"]);
  const served = kit.metrics.counter("shop_image_variants_served_total", "Files of pictures sent", [
    "format",
    "status",
  ]);
  const store = await openStore(kit);
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
    httpPaths: deployment.http,
  });
};

if (import.meta.main) await runAlone("image", main, schemaOf);
