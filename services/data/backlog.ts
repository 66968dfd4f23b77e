import { type DescMessage, getOption } from "@bufbuild/protobuf";
import { OrderEventSchema } from "#gen/shop/events/v1/order_event_pb.js";
import { UserEventSchema } from "#gen/shop/events/v1/user_event_pb.js";
import { topic as topicOption } from "#gen/shop/mesh/v1/policy_pb.js";
import type { Logger } from "#kit/log.ts";
import type { Settings } from "#kit/settings.ts";
import { StartError } from "#kit/start-error.ts";

const EVENTS: readonly DescMessage[] = [OrderEventSchema, UserEventSchema];

/** Whether two shops have their events in the same place, so that none has to move. */
function shareKafka(a: Settings, b: Settings): boolean {
  const placeOf = ({ kafka }: Settings) => kafka && `${kafka.prefix} ${kafka.brokers.toSorted().join(",")}`;
  return placeOf(a) === placeOf(b);
}

/** What Kafka still holds for a shop, in words; undefined when that is nothing. Events in PostgreSQL are among its collections. */
export async function backlogIn({ kafka }: Settings, log: Logger): Promise<string | undefined> {
  if (kafka === undefined) return undefined;
  // The driver is loaded where it is needed.
  const [{ createKafka }, { readKafkaBacklog }] = await Promise.all([
    import("#kit/kafka/kafka.ts"),
    import("#kit/events/kafka-backlog.ts"),
  ]);
  const topics = EVENTS.map((it) => getOption(it, topicOption));
  const groups = await readKafkaBacklog(createKafka({ settings: kafka, name: "data", log }), topics);
  const behind = groups.filter((it) => it.lag > 0 || it.deadLetters > 0);
  if (behind.length === 0) return undefined;
  return behind
    .map((it) => `${it.group} has ${it.lag} events of ${it.topic} before it and ${it.deadLetters} set aside`)
    .join("; ");
}

/**
 * Sees that no event is left behind in Kafka by a shop that leaves it.
 * @throws StartError
 */
export async function refuseBacklog(
  source: { readonly name: string; readonly settings: Settings },
  target: Settings,
  log: Logger,
): Promise<void> {
  if (shareKafka(source.settings, target)) return;
  const backlog = await backlogIn(source.settings, log);
  if (backlog !== undefined)
    throw new StartError(
      `Events of ${source.name} are in Kafka, and do not move: ${backlog}. Let the shop run until all are handled, then stop it and try again.`,
    );
}
