import { join } from "node:path";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { implement } from "#kit/implementation.ts";
import type { Kit, Main } from "#kit/kit.ts";
import { runAlone } from "#kit/run.ts";
import type { S3Settings } from "#kit/s3/settings.ts";
import type { Schema } from "#kit/schema.ts";
import type { Settings } from "#kit/settings.ts";
import { deployment } from "./deployment.ts";
import { createImageFiles } from "./http.ts";
import { createImages } from "./images.ts";
import { limitProcessing } from "./processing.ts";
import { createImageService } from "./service.ts";
import { createDiskStore } from "./store.disk.ts";
import { createPostgresStore } from "./store.postgres.ts";
import { withRecentFiles } from "./store.recent.ts";
import { startSweeping } from "./store.s3.sweep.ts";
import { createS3Store } from "./store.s3.ts";
import type { ImageStore } from "./store.ts";

/** What it keeps in PostgreSQL, where its pictures are there. */
export function schemaOf({ imageStore }: Settings): Schema | undefined {
  return imageStore === "postgres" ? { migrations: new URL("./migrations", import.meta.url) } : undefined;
}

async function openS3Store({ log, metrics, stopping, onClose }: Kit, settings: S3Settings): Promise<ImageStore> {
  // The client takes 40 MB of memory, so it is loaded where it is wanted.
  const [{ openS3 }, { awaitBucket }] = await Promise.all([import("#kit/s3/s3.ts"), import("#kit/s3/wait.ts")]);
  await awaitBucket({ settings, log, ...(stopping && { signal: stopping }) });
  const s3 = openS3({ settings, log, metrics });
  onClose(() => s3.close());
  const removed = metrics.counter("shop_image_orphans_removed_total", "Files removed that belonged to no picture");
  onClose(startSweeping({ s3, log, onRemoved: (count) => removed.inc(count) }));
  return withRecentFiles(createS3Store({ s3, log }));
}

async function openStore(kit: Kit): Promise<ImageStore> {
  const { settings, postgres } = kit;
  if (settings.imageStore === "s3" && settings.s3 !== undefined) return openS3Store(kit, settings.s3);
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
