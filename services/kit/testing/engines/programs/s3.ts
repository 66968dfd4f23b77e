import { goProgram } from "./go.ts";

/** MinIO, an S3. */
export const minioProgram = () => goProgram("minio", "github.com/minio/minio", "v0.0.0-20260212201848-7aac2a2c5b7c");

/** Versity's gateway, an S3 over a directory: another one than MinIO, so that nothing rests on what only MinIO does. */
export const versityProgram = () => goProgram("versitygw", "github.com/versity/versitygw/cmd/versitygw", "v1.8.0");
