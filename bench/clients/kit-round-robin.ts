// Our client that balances over several addresses.
import { beClient } from "./child.ts";
import { kitClient } from "./kit-client.ts";

await beClient(({ ports, headers }) => kitClient(ports, headers));
