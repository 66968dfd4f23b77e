import { connectPlain } from "./identity.ts";
import { answer, input } from "./input.ts";
import { type Knock, knockAll } from "./knock.ts";

/** Calls by way of the container's own sidecar, as the service in it makes them. */
export interface KnocksInput {
  readonly host: string;
  readonly port: number;
  readonly knocks: readonly Knock[];
  readonly atOnce: boolean;
}

const { host, port, ...rest } = input<KnocksInput>();
const session = connectPlain({ host, port, spiffe: "" });
answer(await knockAll({ ...rest, session, authority: `${host}:${port}` }));
