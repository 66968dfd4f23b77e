/** Where the files of a backup are: a folder, or a part of an S3's bucket. */
export interface Vault {
  /** For sentences; no secret is in it. */
  readonly name: string;
  /** Writes a file as a whole or not at all, readable by nobody else. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** How large a file is, in bytes; undefined when there is none. */
  size(path: string): Promise<number | undefined>;
  /** Undefined when there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Whether there is nothing in it. */
  isEmpty(): Promise<boolean>;
  close(): Promise<void> | void;
}
