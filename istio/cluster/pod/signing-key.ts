import pg from "pg";
import { answer } from "./input.ts";

// The key that signs access tokens now, read where auth keeps it; run in auth's own container, which has the address
// and the driver.
const client = new pg.Client({ connectionString: process.env.POSTGRES_URL });
await client.connect();
const { rows } = await client.query<{ kid: string; pem: string }>(
  "SELECT kid, private_pem AS pem FROM auth.signing_keys WHERE now() BETWEEN sign_from_time AND sign_until_time LIMIT 1",
);
answer(rows[0]);
