import { findErrorBy, GenericError } from "@platformatic/kafka";

/** Something that Kafka, or the way there, did not do; its message says it in one line. */
export class KafkaError extends Error {
  override readonly name = "KafkaError";
  /** Whether trying again may help: a broker is away, a leader is being chosen, an answer did not come. */
  readonly away: boolean;
  /** What the driver said. Not the cause: with all that is packed into it, it would fill the log. */
  readonly driverError: unknown;

  constructor(message: string, away: boolean, driverError?: unknown) {
    super(message);
    this.away = away;
    this.driverError = driverError;
  }
}

/** Several brokers were asked, and waited for, in vain: one such error says that Kafka is away. */
export class SilentKafkaError extends KafkaError {
  /** @param last what the last of them failed with */
  constructor(last: KafkaError) {
    super(last.message, true, last.driverError);
  }
}

/** What lies at the bottom of an error of the driver's, which packs them into each other. */
function reasonsOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  const inner = error instanceof AggregateError ? error.errors : [];
  const below = [...inner, ...(error.cause === undefined ? [] : [error.cause])].flatMap(reasonsOf);
  return below.length > 0 ? below : [error.message];
}

const REASONS_MAX = 3;

/** Whether something in an error of the driver's has a property: `apiId` "TOPIC_ALREADY_EXISTS", `needsRejoin` true. */
export function has(error: unknown, property: "apiId" | "canRetry" | "code" | "needsRejoin", value: unknown): boolean {
  const own = error instanceof KafkaError ? error.driverError : error;
  return own instanceof Error && findErrorBy(own, property, value) !== null;
}

/** An error of the driver's in one line; others as they are. */
export function readable(error: unknown): unknown {
  if (error instanceof KafkaError || !(error instanceof Error) || !GenericError.isGenericError(error as GenericError))
    return error;
  const reasons = [...new Set(reasonsOf(error))].slice(0, REASONS_MAX);
  const away = has(error, "code", "PLT_KFK_NETWORK") || has(error, "canRetry", true);
  return new KafkaError(`Kafka: ${reasons.join("; ")}`, away, error);
}

/** Whether an error says that there is no Kafka for the moment, and not that something was wrong with what was asked. */
export const isAway = (error: unknown): boolean => error instanceof KafkaError && error.away;

/**
 * Waits for an operation, but no longer than so many milliseconds: the driver's own limits add up, and there are ways in
 * which it never calls back.
 * @throws KafkaError
 */
export async function within<T>(limitMs: number, what: string, operation: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new KafkaError(`Kafka: ${what} took longer than ${limitMs} ms`, true)),
    limitMs,
  );
  try {
    return await Promise.race([operation, late.promise]);
  } catch (error) {
    throw readable(error);
  } finally {
    clearTimeout(timer);
  }
}
