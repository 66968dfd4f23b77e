// Our client of one address.
import { beClient } from "./child.ts";
import { kitClient } from "./kit-client.ts";

await beClient(({ ports, headers }) => kitClient(ports.slice(0, 1), headers));
