import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cached } from "./cache.ts";
import { debianProgram } from "./debian.ts";
import { exists, runFor } from "./find.ts";

const KAFKA_VERSION = "4.1.1";

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>shop</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${KAFKA_VERSION}</version>
    </dependency>
  </dependencies>
</project>
`;

/** What runs Kafka: a Java, and the class path of its server. */
export interface KafkaProgram {
  readonly java: string;
  readonly classPath: string;
}

/** Kafka: the one in `KAFKA_HOME`, else its jars, downloaded once by Maven (45 MB) and kept. */
export async function kafkaProgram(): Promise<KafkaProgram> {
  const java = await debianProgram("java", "openjdk-17-jre-headless");
  const home = process.env.KAFKA_HOME;
  if (home && (await exists(join(home, "libs")))) return { java, classPath: join(home, "libs", "*") };
  const folder = await cached(`kafka-${KAFKA_VERSION}`, async (unfinished) => {
    const maven = await debianProgram("mvn", "maven");
    const pom = join(unfinished, "pom.xml");
    await writeFile(pom, POM);
    await mkdir(join(unfinished, "libs"));
    const copy = ["dependency:copy-dependencies", `-DoutputDirectory=${join(unfinished, "libs")}`];
    await runFor("Kafka", maven, ["--batch-mode", "--quiet", "-f", pom, ...copy]);
    await rm(pom);
  });
  return { java, classPath: join(folder, "libs", "*") };
}
