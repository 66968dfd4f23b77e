import { type DescMessage, type DescMethodUnary, getOption, type MessageInitShape } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { createQueryOptions } from "@connectrpc/connect-query";
import type { QueryClient } from "@tanstack/react-query";
import { policy, User } from "#gen/shop/mesh/v1/policy_pb.js";
import type { Session } from "./session.ts";

/** How long a page waits for its data before it shows itself with blocks in their place. */
const PATIENCE_MS = 180;

/** Fetches what a page will show. It never fails: the page shows what went wrong. */
export type Prefetch = ReturnType<typeof createPrefetch>;

/** Makes the function by which routes ask for their data, before they are shown or when somebody points at a link. */
export function createPrefetch(queryClient: QueryClient, transport: Transport, session: Pick<Session, "state">) {
  return async <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
  ): Promise<void> => {
    const { phase } = session.state();
    const needsToken = getOption(method, policy).user !== User.ANY;
    if (needsToken && phase !== "signed-in") return;
    const options = createQueryOptions(method, input, { transport });
    const isKnown = queryClient.getQueryData(options.queryKey) !== undefined;
    const fetched = queryClient.prefetchQuery(options);
    if (isKnown) return;
    await Promise.race([fetched, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
  };
}

/** What every route can use. */
export interface RouterContext {
  readonly prefetch: Prefetch;
}
