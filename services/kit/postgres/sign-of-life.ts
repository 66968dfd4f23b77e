import pg from "pg";
import { isFull } from "./away.ts";
import { cut } from "./pool.ts";

/**
 * Asks the server for a sign of life on a connection of its own, so that it does not wait behind anything.
 * @throws Error when there is none
 */
export async function giveSignOfLife(config: pg.ClientConfig): Promise<void> {
  const client = new pg.Client({ ...config, pipeline: false });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("SELECT 1");
  } catch (error) {
    if (!isFull(error)) throw error;
  } finally {
    cut(client);
  }
}
