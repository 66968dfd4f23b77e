import type { ServiceImpl } from "@connectrpc/connect";
import type { MeshService } from "#gen/shop/api/v1/mesh_service_pb.js";
import type { Monitor } from "./monitor.ts";

/** MeshService over a monitor. */
export function createMeshService(monitor: Monitor): ServiceImpl<typeof MeshService> {
  return {
    getStatus: async () => ({ status: await monitor.status() }),
    async *watchStatus(_, { signal }) {
      for await (const status of monitor.watch(signal)) yield { status };
    },
  };
}
