/** Something in a migration that the version before, which runs beside the new one during an update, does not survive. */
interface Rule {
  readonly pattern: RegExp;
  readonly instead: string;
  /** What it is done to, as the first group of the pattern names it, may be new in the same file: then it is harmless. */
  readonly unlessNew?: boolean;
}

const NAME = String.raw`(?:IF (?:NOT )?EXISTS )?(?:ONLY )?"?([\w.]+)"?`;

const RULES: readonly Rule[] = [
  { pattern: /\bDROP (?:TABLE|VIEW|TYPE|FUNCTION|SCHEMA|SEQUENCE|EXTENSION)\b/, instead: "stop using it first" },
  { pattern: /\bDROP (?:COLUMN|DEFAULT)\b/, instead: "stop using it first" },
  { pattern: /\bRENAME\b/, instead: "add the new one, fill both, and drop the old one later" },
  { pattern: /\bALTER (?:COLUMN )?\S+ (?:SET DATA )?TYPE\b/, instead: "add another column and fill both" },
  { pattern: /\bTRUNCATE\b/, instead: "delete nothing that the version before still reads" },
  {
    pattern: new RegExp(
      `ALTER TABLE ${NAME}[^;]*\\bADD (?:COLUMN )?(?!CONSTRAINT)[^;,]*\\bNOT NULL(?![^;,]*\\bDEFAULT\\b)`,
    ),
    instead: "give it a default, which the version before leaves to the database",
    unlessNew: true,
  },
  {
    pattern: new RegExp(`ALTER TABLE ${NAME}[^;]*\\bSET NOT NULL\\b`),
    instead: "fill it in all versions first",
    unlessNew: true,
  },
  {
    pattern: new RegExp(`ALTER TABLE ${NAME}[^;]*\\bADD (?:CONSTRAINT|CHECK|UNIQUE|FOREIGN|PRIMARY|EXCLUDE)\\b`),
    instead: "see that the version before keeps to it",
    unlessNew: true,
  },
  {
    pattern: new RegExp(`CREATE UNIQUE INDEX (?:CONCURRENTLY )?(?:IF NOT EXISTS )?\\S+ ON ${NAME}`),
    instead: "see that the version before keeps to it",
    unlessNew: true,
  },
];

/** "-- after: 003_name": the version before has run that migration, and its code can live with this one. */
const AFTER = /^-- after: (\S+)/m;

/** What a statement says, without comments and with single spaces. */
const statementsOf = (sql: string): string[] =>
  sql
    .replaceAll(/--[^\n]*/g, "")
    .replaceAll(/\s+/g, " ")
    .split(";");

/**
 * What in a migration the version before does not survive, a sentence each; empty when it survives it, or when the file
 * says after which earlier one it is safe.
 * @param earlier names of the folder's earlier migrations
 */
export function faultsOf(name: string, sql: string, earlier: readonly string[]): string[] {
  const after = AFTER.exec(sql)?.[1];
  if (after !== undefined)
    return earlier.includes(after) ? [] : [`${name} says "after: ${after}", but there is no such earlier migration.`];
  const made = new Set([...sql.matchAll(new RegExp(`CREATE TABLE ${NAME}`, "gi"))].map((it) => it[1]));
  return statementsOf(sql).flatMap((statement) =>
    RULES.flatMap(({ pattern, instead, unlessNew }) => {
      const found = new RegExp(pattern, "i").exec(statement);
      if (found === null || (unlessNew && made.has(found[1]))) return [];
      return [`${name}: "${found[0].trim()}" breaks the version before: ${instead}, or say "-- after: <migration>".`];
    }),
  );
}
