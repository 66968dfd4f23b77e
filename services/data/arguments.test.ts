import { expect, it } from "vitest";
import { readCommand } from "./arguments.ts";

it.each([
  [[], { kind: "help", isAsked: false }],
  [["help"], { kind: "help", isAsked: true }],
  [["--help"], { kind: "help", isAsked: true }],
  [["copy", "-h"], { kind: "help", isAsked: true }],
  ["copy --from laptop --to .env".split(" "), { kind: "copy", from: "laptop", to: ".env", overwrite: false }],
  ["copy --to b --overwrite --from a".split(" "), { kind: "copy", from: "a", to: "b", overwrite: true }],
  ["backup --to /b".split(" "), { kind: "backup", from: "environment", to: "/b" }],
  ["restore --from s3://b/p".split(" "), { kind: "restore", from: "s3://b/p", to: "environment", overwrite: false }],
  ["verify --from /b".split(" "), { kind: "verify", from: "/b", to: undefined }],
])("reads %j", (words, command) => {
  expect(readCommand(words)).toEqual(command);
});

it.each([
  ["copy", '"copy" needs --from'],
  ["copy --from a", '"copy" needs --to'],
  ["restore", '"restore" needs --from'],
  ["backup --to b --overwrite", "--overwrite is for copy and restore"],
  ["move --from a --to b", 'There is no command "move"'],
  ["copy a b", '"a" is one word too many'],
  ["copy --form a", "Unknown option '--form'"],
  ["copy --from", "'--from <value>' argument missing"],
])('refuses "%s"', (words, sentence) => {
  expect(() => readCommand(words.split(" "))).toThrow(sentence);
});
